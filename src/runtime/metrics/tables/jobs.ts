import { partsOf } from '../../../compiler/cron/job.ts';
import { RUN_RESULTS } from '../../../compiler/metrics/job-tally.ts';
import type { Metric, Sample, Scene } from '../metric.ts';

const JOB = ['application', 'container'];

/** What the record of jobs tells, and what goes on. */
export const jobMetrics: readonly Metric[] = [
  {
    kind: 'counter',
    name: 'stackc_job_runs_total',
    help: 'Runs of a job that are over, by how they ended.',
    labels: [...JOB, 'result'],
    samples: ({ jobs, tally }) =>
      jobs.flatMap(({ job }) =>
        RUN_RESULTS.map(
          (result) =>
            [[...partsOf(job), result.replaceAll('-', '_')], tally.jobs.runs.of(job, result)] as const,
        ),
      ),
  },
  {
    kind: 'counter',
    name: 'stackc_job_runs_skipped_total',
    help: 'Runs of a job that were due and did not begin, since the one before went on.',
    labels: JOB,
    samples: ({ jobs, tally }) => jobs.map(({ job }) => [partsOf(job), tally.jobs.skipped.of(job)]),
  },
  {
    kind: 'counter',
    name: 'stackc_job_runs_missed_total',
    help: 'Runs of a job that were due while nobody was there to begin them.',
    labels: JOB,
    samples: ({ jobs, tally }) => jobs.map(({ job }) => [partsOf(job), tally.jobs.missed.of(job)]),
  },
  {
    kind: 'histogram',
    name: 'stackc_job_lateness_seconds',
    help: 'How long after it was due the container of a run started, of all jobs; with its jitter, and with what it waited for another run.',
    labels: [],
    spreads: ({ tally }) => [[[], tally.jobs.lateness]],
  },
  {
    kind: 'gauge',
    name: 'stackc_job_last_run_timestamp_seconds',
    help: 'When the run of a job ended that ended last.',
    labels: JOB,
    samples: (scene) => lastOf(scene, ({ endMs }) => endMs / 1000),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_last_run_duration_seconds',
    help: 'How long the run of a job took that ended last.',
    labels: JOB,
    samples: (scene) => lastOf(scene, ({ tookMs }) => tookMs / 1000),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_last_run_lateness_seconds',
    help: 'How late the run of a job started that ended last; none of a run by hand.',
    labels: JOB,
    samples: (scene) => lastOf(scene, ({ lateMs }) => (lateMs === null ? null : lateMs / 1000)),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_last_success_timestamp_seconds',
    help: 'When a run of a job ended well for the last time.',
    labels: JOB,
    samples: ({ jobs, tally }) =>
      jobs.flatMap(({ job }): readonly Sample[] => {
        const ms = tally.jobs.succeededMs(job);
        return ms === null ? [] : [[partsOf(job), ms / 1000]];
      }),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_running',
    help: 'How many runs of a job go on.',
    labels: JOB,
    samples: ({ jobs }) => jobs.map(({ job, running }) => [partsOf(job), running]),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_queued',
    help: 'How many runs of a job wait for the one that goes on.',
    labels: JOB,
    samples: ({ jobs }) => jobs.map(({ job, queued }) => [partsOf(job), queued]),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_paused',
    help: '1 while a job runs only by hand.',
    labels: JOB,
    samples: ({ jobs }) => jobs.map(({ job, paused }) => [partsOf(job), Number(paused)]),
  },
  {
    kind: 'gauge',
    name: 'stackc_job_next_run_timestamp_seconds',
    help: 'When a job is due next; none of one that is paused.',
    labels: JOB,
    samples: ({ jobs }) =>
      jobs.flatMap(({ job, nextMs }) => (nextMs === null ? [] : [[partsOf(job), nextMs / 1000] as const])),
  },
];

/** Of each job that has run, what can be told of that run. */
function lastOf(
  { jobs, tally }: Scene,
  figure: (last: NonNullable<ReturnType<Scene['tally']['jobs']['last']>>) => number | null,
): readonly Sample[] {
  return jobs.flatMap(({ job }): readonly Sample[] => {
    const last = tally.jobs.last(job);
    const value = last === null ? null : figure(last);
    return value === null ? [] : [[partsOf(job), value]];
  });
}
