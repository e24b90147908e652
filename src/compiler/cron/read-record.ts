import { isCount, isFields, isTextOrNull, type Fields } from '../journal/field-kinds.ts';
import type { RunResult } from './job.ts';
import { jobFrom } from './read-job.ts';
import type { AskedBy, CronRecord } from './record.ts';

/** A line of the record of jobs, parsed, as a record; null for what is none of this version. */
export function cronRecordFrom(value: unknown, version: number): CronRecord | null {
  if (!isFields(value) || value['v'] !== version) return null;
  const { job, type } = value;
  const atMs = timeIn(value['at']);
  if (typeof job !== 'string' || atMs === null) return null;
  const of = { job, atMs };
  switch (type) {
    case 'scheduled': {
      const spec = jobFrom(value['spec']);
      return spec === null ? null : { type, ...of, spec };
    }
    case 'dropped':
      return { type, ...of };
    case 'begun':
      return begunIn(value, of);
    case 'started': {
      const { run } = value;
      return isNumber(run) ? { type, ...of, run } : null;
    }
    case 'ended':
      return endedIn(value, of);
    case 'queued':
      return queuedIn(value, of);
    case 'skipped':
      return skippedIn(value, of);
    case 'missed':
      return missedIn(value, of);
    case 'paused':
    case 'resumed': {
      const by = askedIn(value['by']);
      return by === null ? null : { type, ...of, by };
    }
    default:
      return null;
  }
}

type Of = Pick<CronRecord, 'job' | 'atMs'>;

function begunIn({ run, due, by, image }: Fields, of: Of): CronRecord | null {
  const dueMs = due === null ? null : timeIn(due);
  const asked = by === null ? null : askedIn(by);
  if (!isNumber(run) || typeof image !== 'string') return null;
  if ((dueMs === null && due !== null) || (asked === null && by !== null)) return null;
  return { type: 'begun', ...of, run, dueMs, by: asked, image };
}

function endedIn(
  { run, result, exit_code: exitCode, took_ms: tookMs, why }: Fields,
  of: Of,
): CronRecord | null {
  if (!isNumber(run) || !isResult(result) || !isFiniteCount(tookMs)) return null;
  if ((exitCode !== null && !Number.isSafeInteger(exitCode)) || !isTextOrNull(why)) return null;
  return {
    type: 'ended',
    ...of,
    run,
    result,
    exitCode: exitCode === null ? null : Number(exitCode),
    tookMs: Math.round(tookMs),
    why,
  };
}

/** Lines of earlier versions tell of nobody. */
function queuedIn({ due, by = null }: Fields, of: Of): CronRecord | null {
  const dueMs = timeIn(due);
  const asked = by === null ? null : askedIn(by);
  if (dueMs === null || (asked === null && by !== null)) return null;
  return { type: 'queued', ...of, dueMs, by: asked };
}

/** Lines of earlier versions tell of one alone. */
function skippedIn({ due, why, count = 1, first = due }: Fields, of: Of): CronRecord | null {
  const dueMs = timeIn(due);
  const firstMs = timeIn(first);
  if (dueMs === null || firstMs === null || typeof why !== 'string' || !isNumber(count)) return null;
  return { type: 'skipped', ...of, dueMs, why, count, firstMs };
}

function missedIn({ count, first, last, caught_up: caughtUp }: Fields, of: Of): CronRecord | null {
  const firstMs = timeIn(first);
  const lastMs = timeIn(last);
  if (!isNumber(count) || firstMs === null || lastMs === null || typeof caughtUp !== 'boolean') return null;
  return { type: 'missed', ...of, count, firstMs, lastMs, caughtUp };
}

function askedIn(value: unknown): AskedBy | null {
  if (!isFields(value)) return null;
  const { user, host } = value;
  return typeof user === 'string' && typeof host === 'string' ? { user, host } : null;
}

/** As `toISOString` writes it, and in no other way. */
function timeIn(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value ? ms : null;
}

/** From 1. */
function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && isCount(value) && value > 0;
}

function isFiniteCount(value: unknown): value is number {
  return isCount(value) && Number.isFinite(value);
}

const RESULTS: Readonly<Record<RunResult, true>> = {
  succeeded: true,
  failed: true,
  'timed-out': true,
  'not-started': true,
  lost: true,
};

function isResult(value: unknown): value is RunResult {
  return typeof value === 'string' && Object.hasOwn(RESULTS, value);
}
