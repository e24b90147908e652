import type { JobKey, JobSpec, RunResult } from './job.ts';

/** Who asked for something by hand. */
export interface AskedBy {
  readonly user: string;
  readonly host: string;
}

/** What every record has. Times are milliseconds since the epoch. */
interface OfJob {
  readonly job: JobKey;
  readonly atMs: number;
}

/**
 * One line of a stack's record of jobs, append-only and written ahead: what is due, what runs and what is paused can be told
 * from the lines alone, whatever was killed in between.
 */
export type CronRecord =
  /** From here on the job is followed by this schedule: it is new, or its schedule has changed. */
  | (OfJob & { readonly type: 'scheduled'; readonly spec: JobSpec })
  /** Its template is gone. */
  | (OfJob & { readonly type: 'dropped' })
  /** Written before the run's container is created; `run` counts from 1 for each job. */
  | (OfJob & {
      readonly type: 'begun';
      readonly run: number;
      /** When it should have run; by hand: null, or when it was asked for where it has waited. */
      readonly dueMs: number | null;
      /** Null: by its schedule, or nobody knows. */
      readonly by: AskedBy | null;
      /** The image's id. */
      readonly image: string;
    })
  /** Written once the run's container has been started: whatever becomes of that, it is not made again. */
  | (OfJob & { readonly type: 'started'; readonly run: number })
  /** Written before the run's container is removed. */
  | (OfJob & {
      readonly type: 'ended';
      readonly run: number;
      readonly result: RunResult;
      readonly exitCode: number | null;
      readonly tookMs: number;
      /** What went wrong besides an exit code; null: nothing. */
      readonly why: string | null;
    })
  /** It waits until the one before it has ended (`overlap: queue`). */
  | (OfJob & {
      readonly type: 'queued';
      /** Of one that was asked for by hand: when that was, each at a time of its own. */
      readonly dueMs: number;
      readonly by: AskedBy | null;
    })
  /** It does not run, since the one before it lasts. */
  | (OfJob & {
      readonly type: 'skipped';
      readonly dueMs: number;
      readonly why: string;
      /** How many were skipped for that in a row, this one included. */
      readonly count: number;
      /** When the first of those was due. */
      readonly firstMs: number;
    })
  /** Nobody was there to run them; with `caughtUp`, one run follows for all. */
  | (OfJob & {
      readonly type: 'missed';
      readonly count: number;
      readonly firstMs: number;
      readonly lastMs: number;
      readonly caughtUp: boolean;
    })
  | (OfJob & { readonly type: 'paused'; readonly by: AskedBy })
  | (OfJob & { readonly type: 'resumed'; readonly by: AskedBy });
