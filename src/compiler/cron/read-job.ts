import { isCount, isCountOrNull, isFields, isTexts } from '../journal/field-kinds.ts';
import { occurrences } from './calendar.ts';
import type { JobSpec } from './job.ts';

const OVERLAPS: readonly unknown[] = ['skip', 'queue', 'allow'] satisfies readonly JobSpec['overlap'][];

/**
 * A job from JSON, as a template's label and the record of jobs have it; null for what is none of this version, or has a line or a time
 * zone that {@link occurrences} cannot read. Never throws.
 */
export function jobFrom(value: unknown): JobSpec | null {
  if (!isFields(value) || value['version'] !== 1) return null;
  const { schedule, timezone, overlap, timeoutMs, catchUp, jitterMs } = value;
  if (!isTexts(schedule) || schedule.length === 0 || typeof timezone !== 'string') return null;
  if (!isOverlap(overlap) || typeof catchUp !== 'boolean') return null;
  if (!isCountOrNull(timeoutMs) || !isCount(jitterMs)) return null;
  try {
    occurrences({ schedule, timezone }, 0, 1);
  } catch {
    return null;
  }
  return { version: 1, schedule, timezone, overlap, timeoutMs, catchUp, jitterMs };
}

function isOverlap(value: unknown): value is JobSpec['overlap'] {
  return OVERLAPS.includes(value);
}
