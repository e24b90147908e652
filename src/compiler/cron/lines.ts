import { openLine, sealLine } from '../journal/sealed-line.ts';
import { unreachable } from '../unreachable.ts';
import { cronRecordFrom } from './read-record.ts';
import type { CronRecord } from './record.ts';

/** Raised when a field changes its meaning; lines of another version are passed over. */
const VERSION = 1;

/**
 * A record as one line of the record of jobs, without its line end: sealed like the journal's. Times are whole milliseconds; throws
 * `RangeError` for one that is no date.
 */
export function cronLine(record: CronRecord): string {
  const { type, atMs, job } = record;
  return sealLine({ v: VERSION, type, at: time(atMs), job, ...fieldsOf(record) });
}

function fieldsOf(record: CronRecord): object {
  switch (record.type) {
    case 'scheduled':
      return { spec: record.spec };
    case 'dropped':
      return {};
    case 'begun': {
      const { run, dueMs, by, image } = record;
      return { run, due: dueMs === null ? null : time(dueMs), by, image };
    }
    case 'started':
      return { run: record.run };
    case 'ended': {
      const { run, result, exitCode, tookMs, why } = record;
      return { run, result, exit_code: exitCode, took_ms: Math.round(tookMs), why };
    }
    case 'queued':
      return { due: time(record.dueMs), by: record.by };
    case 'skipped':
      return {
        due: time(record.dueMs),
        why: record.why,
        count: record.count,
        first: time(record.firstMs),
      };
    case 'missed': {
      const { count, firstMs, lastMs, caughtUp } = record;
      return { count, first: time(firstMs), last: time(lastMs), caught_up: caughtUp };
    }
    case 'paused':
    case 'resumed':
      return { by: record.by };
    default:
      return unreachable(record);
  }
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}

/**
 * The records of jobs, in the order in which they were written. What is torn, damaged, of another version or of another type is passed
 * over: it never throws.
 */
export function readCronRecords(text: string): readonly CronRecord[] {
  return text.split('\n').flatMap((line) => cronRecordFrom(openLine(line), VERSION) ?? []);
}
