import { goesOn, type JobState } from '../../compiler/cron/fold.ts';
import type { JobSpec } from '../../compiler/cron/job.ts';
import type { CronRecord } from '../../compiler/cron/record.ts';
import type { JobTemplate } from './templates.ts';

/** So many may wait for the one that runs. */
const MOST_QUEUED = 100;

/** What becomes of a run that is due. */
export type Admission =
  | { readonly kind: 'begin' }
  | { readonly kind: 'queue' }
  | { readonly kind: 'skip'; readonly why: string };

/** A run that is not to be, with all that were skipped for the same reason before it. */
export function skippedRecord(
  state: JobState | undefined,
  skipped: Pick<SkippedRecord, 'job' | 'atMs' | 'dueMs' | 'why'>,
): SkippedRecord {
  const last = state?.leftOut.at(-1);
  const [count, firstMs] = goesOn(last, skipped) ? [last.count + 1, last.firstMs] : [1, skipped.dueMs];
  return { type: 'skipped', ...skipped, count, firstMs };
}

type SkippedRecord = Extract<CronRecord, { readonly type: 'skipped' }>;

/** The same for a run that somebody asks for: what waits lets it pass. */
export function admitByHand(
  state: JobState | undefined,
  { job, spec: { overlap } }: Pick<JobTemplate, 'job' | 'spec'>,
): Admission {
  const last = state?.underWay.at(-1);
  const queued = state?.queue.length ?? 0;
  if (overlap === 'allow' || last === undefined) return { kind: 'begin' };
  if (overlap === 'skip')
    return {
      kind: 'skip',
      why: `run ${last.run} of \`${job}\` is not over, and \`overlap: skip\` lets no other begin beside it`,
    };
  return queued >= MOST_QUEUED
    ? { kind: 'skip', why: `${queued} runs of \`${job}\` wait already` }
    : { kind: 'queue' };
}

/** Whether a run may begin beside what is under way. */
export function admit(state: JobState | undefined, { overlap }: JobSpec): Admission {
  const last = state?.underWay.at(-1);
  const queued = state?.queue.length ?? 0;
  if (overlap === 'allow' || (last === undefined && queued === 0)) return { kind: 'begin' };
  if (overlap === 'skip')
    return { kind: 'skip', why: `run ${last?.run ?? state?.newestRun ?? 0} is not over` };
  return queued >= MOST_QUEUED ? { kind: 'skip', why: `${queued} runs wait already` } : { kind: 'queue' };
}
