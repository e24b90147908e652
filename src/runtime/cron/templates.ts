import type { JobKey, JobSpec } from '../../compiler/cron/job.ts';
import { jobFrom } from '../../compiler/cron/read-job.ts';
import { groupBy } from '../../compiler/group-by.ts';
import { labels } from '../../compiler/labels.ts';
import type { ContainerSummary } from '../engine.ts';
import { parseJson } from '../parse-spec.ts';

/** The container that never runs and that a job's runs are made from. */
export interface JobTemplate {
  readonly job: JobKey;
  readonly id: string;
  readonly application: string;
  readonly container: string;
  readonly imageId: string;
  /** As it was named when the template was made. */
  readonly image: string;
  readonly spec: JobSpec;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

/** What the engine has for the jobs of a stack. */
export interface Templates {
  readonly byJob: ReadonlyMap<JobKey, JobTemplate>;
  /** Whose template another version has made: nothing is known of them. */
  readonly unreadable: readonly JobKey[];
}

/**
 * The templates among the containers of a stack. One that is still being made (`….next`) is the one only where the one before it
 * has gone already and its job `isKnown`: an apply was cut off between the removal and the rename.
 */
export function templatesAmong(
  rows: readonly ContainerSummary[],
  isKnown: (job: JobKey) => boolean,
): Templates {
  const byJob = new Map<JobKey, JobTemplate>();
  const unreadable: JobKey[] = [];
  for (const [job, candidates] of groupBy(rows, jobOf)) {
    const row = chosen(candidates, isKnown(job));
    if (row === undefined) continue;
    const spec = jobFrom(parseJson(row.labels[labels.job]));
    if (spec === null) unreadable.push(job);
    else byJob.set(job, templateOf(job, row, spec));
  }
  return { byJob, unreadable };
}

/** A container's job: `shop/backup`. */
export function jobOf({ labels: own }: Pick<ContainerSummary, 'labels'>): JobKey {
  return `${own[labels.application] ?? ''}/${own[labels.container] ?? ''}`;
}

function chosen(rows: readonly ContainerSummary[], isKnown: boolean): ContainerSummary | undefined {
  const current = rows.find(({ name }) => name.endsWith('.template'));
  if (current !== undefined || !isKnown) return current;
  return [...rows].sort((a, b) => generationOf(b) - generationOf(a))[0];
}

function generationOf({ labels: own }: ContainerSummary): number {
  return Number(own[labels.generation] ?? 0);
}

function templateOf(job: JobKey, row: ContainerSummary, spec: JobSpec): JobTemplate {
  return {
    job,
    id: row.id,
    application: row.labels[labels.application] ?? '',
    container: row.labels[labels.container] ?? '',
    imageId: row.imageId,
    image: row.image,
    spec,
    labels: row.labels,
    createdMs: row.createdS * 1000,
  };
}

/** The labels of a run: those of its template, but for what tells generations apart. */
export function runLabels(template: JobTemplate, run: number): Readonly<Record<string, string>> {
  const { [labels.instance]: _instance, [labels.generation]: _generation, ...own } = template.labels;
  return { ...own, [labels.role]: 'job', [labels.jobRun]: String(run) };
}
