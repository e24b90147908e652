import { nextOccurrence } from '../../compiler/cron/calendar.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { Ledger } from './ledger.ts';
import type { Templates } from './templates.ts';

/** What goes on of a job, and comes next. */
export interface JobNow {
  readonly job: JobKey;
  /** How many of its runs go on. */
  readonly running: number;
  /** How many wait for one that goes on. */
  readonly queued: number;
  readonly paused: boolean;
  /** When it runs next, without its jitter, in milliseconds since the epoch; null: never, or only by hand. */
  readonly nextMs: number | null;
}

/** The same of all jobs that have a template, in the order of their names. */
export function jobsNow({ byJob }: Templates, ledger: Ledger, nowMs: number): readonly JobNow[] {
  const jobs = [...byJob.values()].map(({ job, spec }): JobNow => {
    const state = ledger.state(job);
    const paused = (state?.paused ?? null) !== null;
    return {
      job,
      running: state?.underWay.length ?? 0,
      queued: state?.queue.length ?? 0,
      paused,
      nextMs: paused ? null : nextOccurrence(spec, nowMs),
    };
  });
  return jobs.sort((a, b) => (a.job < b.job ? -1 : 1));
}
