import { nextOccurrence, occurrences } from '../cron/calendar.ts';
import type { ScaleHours } from '../spec/scale-spec.ts';

/** The limits that hold at a time. */
export interface Hour {
  readonly min: number;
  readonly max: number;
  /** Since when, in milliseconds since the epoch; null: they are those of all times. */
  readonly sinceMs: number | null;
  /** When others may hold; null: never. */
  readonly untilMs: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How far back the last begin is looked for: what is rarer than once in four years is for nobody's load. */
const BACK_MS: readonly number[] = [HOUR_MS, DAY_MS, 8 * DAY_MS, 32 * DAY_MS, 367 * DAY_MS, 1462 * DAY_MS];

/** Which of the `schedule` holds: the one that began last; of two that began together the later one in the file. */
export function hourAt(
  {
    min,
    max,
    schedule,
  }: { readonly min: number; readonly max: number; readonly schedule: readonly ScaleHours[] },
  nowMs: number,
): Hour {
  let begun: { readonly hours: ScaleHours; readonly atMs: number } | null = null;
  let untilMs: number | null = null;
  for (const hours of schedule) {
    const atMs = lastBegin(hours, nowMs);
    if (atMs !== null && (begun === null || atMs >= begun.atMs)) begun = { hours, atMs };
    const next = nextOccurrence(hours.when, nowMs);
    if (next !== null && (untilMs === null || next < untilMs)) untilMs = next;
  }
  return begun === null
    ? { min, max, sinceMs: null, untilMs }
    : { min: begun.hours.min, max: begun.hours.max, sinceMs: begun.atMs, untilMs };
}

function lastBegin({ when }: ScaleHours, nowMs: number): number | null {
  for (const backMs of BACK_MS) {
    const last = occurrences(when, nowMs - backMs, nowMs).at(-1);
    if (last !== undefined) return last;
  }
  return null;
}
