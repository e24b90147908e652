import type { CronRecord } from '../../compiler/cron/record.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { elapsed } from '../elapsed.ts';
import type { Followed } from './follow-run.ts';

/** How a run has ended, for people. */
export function endWords({ end }: Followed): string {
  const { result, exitCode, tookMs, why } = end;
  const code = exitCode === null || result === 'succeeded' ? '' : ` (exit code ${exitCode})`;
  return `ended after ${elapsed(tookMs)}: ${result}${code}${why === null ? '' : `: ${why}`}`;
}

/** What a look at the clock has found, for people; null for what tells of itself. */
export function lineOf(record: CronRecord): string | null {
  const { job } = record;
  switch (record.type) {
    case 'scheduled':
      return `${job} is scheduled: ${record.spec.schedule.join(' or ')} (${record.spec.timezone})`;
    case 'dropped':
      return `${job} is not in the stack any more`;
    case 'queued':
      return `${job} of ${iso(record.dueMs)} waits for the one before it`;
    case 'skipped':
      return `${job} of ${iso(record.dueMs)} is skipped: ${record.why}`;
    case 'missed': {
      const { count, firstMs, lastMs, caughtUp } = record;
      const span = count === 1 ? iso(firstMs) : `${iso(firstMs)} to ${iso(lastMs)}`;
      return `${job} has missed ${count} (${span})${caughtUp ? ': run once for all' : ''}`;
    }
    case 'begun':
    case 'started':
    case 'ended':
    case 'paused':
    case 'resumed':
      return null;
    default:
      return unreachable(record);
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
