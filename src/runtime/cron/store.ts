import type { JobKey } from '../../compiler/cron/job.ts';
import type { CronRecord } from '../../compiler/cron/record.ts';
import type { LogChunk } from '../engine.ts';

/** Where the record of a stack's jobs and the logs of their runs are kept. Both reject with the system's error. */
export interface CronStore {
  /** All that was written; what is torn or damaged is left out. */
  read(): Promise<readonly CronRecord[]>;
  /** On the disk when it resolves; one at a time. After a failure none of them is there. */
  append(records: readonly CronRecord[]): Promise<void>;
  /** Keeps what a run has written, with those of the newest runs; gives the end of it. */
  keepLog(job: JobKey, run: number, output: AsyncIterable<LogChunk>): Promise<string>;
}
