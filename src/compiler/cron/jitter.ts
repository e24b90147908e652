import { checksum } from '../journal/checksum.ts';
import type { JobKey } from './job.ts';

/**
 * How much later than it is due a run of a job with a jitter begins, in milliseconds, 0 to `jitterMs`: the same for the same run, whoever
 * asks.
 */
export function jitterDelayMs(job: JobKey, dueMs: number, jitterMs: number): number {
  return jitterMs === 0 ? 0 : Number.parseInt(checksum(`${job} ${dueMs}`), 16) % (jitterMs + 1);
}
