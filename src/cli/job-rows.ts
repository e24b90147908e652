import { isDrift } from '../compiler/plan/cause.ts';
import type { Change } from '../compiler/plan/plan.ts';
import type { Job, StackJobs } from './cron/jobs.ts';
import { jobNotes } from './render/cron.ts';
import type { StatusRow } from './render/status.ts';
import { plural } from './render/text.ts';

/** What `stack status` tells of jobs. */
export interface JobFacts {
  readonly jobs: StackJobs;
  /** Of the plan; none without a file. */
  readonly changes: readonly Change[];
  /** The file's references by `application/container`, for what is not there yet. */
  readonly images: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

/** The lines of `stack status` about jobs: those on the engine, and those that the file has beyond them. */
export function jobRows({ jobs, changes, images, nowMs }: JobFacts): readonly StatusRow[] {
  const known = new Set<string>(jobs.jobs.map(({ key }) => key));
  const planned = new Map<string, Change>(
    changes.flatMap((change) =>
      change.subject.kind === 'schedule'
        ? [[`${change.subject.application}/${change.subject.container}`, change] as const]
        : [],
    ),
  );
  const there = jobs.jobs.map((job) => {
    const change = planned.get(job.key);
    const hasFailed = (job.state?.lastEnded?.end.result ?? 'succeeded') !== 'succeeded';
    const isChanged = change !== undefined && isDrift(change);
    return row(
      job,
      job.image ?? '',
      [...jobNotes(job, nowMs), ...changeNotes(change)],
      !hasFailed && !isChanged && job.spec !== null,
    );
  });
  const absent = [...planned.values()].flatMap(({ subject }) => {
    if (subject.kind !== 'schedule') return [];
    const { application, container } = subject;
    const key = `${application}/${container}`;
    return known.has(key)
      ? []
      : [row({ application, container }, images.get(key) ?? '', ['not there yet'], false)];
  });
  return [...there, ...absent];
}

function changeNotes(change: Change | undefined): readonly string[] {
  if (change === undefined || change.reasons.length === 0) return [];
  return [
    change.action === 'remove'
      ? 'no longer in the file'
      : `${plural(change.reasons.length, 'change')} to apply`,
  ];
}

function row(
  { application, container }: Pick<Job, 'application' | 'container'>,
  image: string,
  notes: readonly string[],
  ok: boolean,
): StatusRow {
  return {
    application,
    container,
    instance: container,
    generation: null,
    state: 'cron',
    health: 'none',
    healthWhy: null,
    name: null,
    id: null,
    image,
    imageId: null,
    uptime: null,
    startedAt: null,
    uptimeS: null,
    notes,
    ok,
  };
}
