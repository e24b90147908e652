import { labels } from '../compiler/labels.ts';
import type { ObservedContainer, ObservedRun, ObservedState } from '../compiler/observed/observed-state.ts';
import { isDrift } from '../compiler/plan/cause.ts';
import { type Change, type Plan } from '../compiler/plan/plan.ts';
import { senderOf } from '../compiler/reconcile/runs.ts';
import { isPublishedAs } from '../compiler/reconcile/successor.ts';
import { unreachable } from '../compiler/unreachable.ts';
import type { ContainerSummary } from '../runtime/engine.ts';
import type { Health } from '../runtime/health.ts';
import type { StackJobs } from './cron/jobs.ts';
import { jobRows } from './job-rows.ts';
import type { StatusRow } from './render/status.ts';
import { plural } from './render/text.ts';

/** What `stack status` tells of. */
export interface StatusFacts {
  readonly observed: ObservedState;
  readonly summaries: readonly ContainerSummary[];
  readonly jobs: StackJobs;
  /** Null without a file. */
  readonly plan: Plan | null;
  /** The file's references by `application/container`, for what is missing. */
  readonly images: ReadonlyMap<string, string>;
  /** What instances that were asked have answered, by container id. */
  readonly health: ReadonlyMap<string, Health>;
  readonly nowMs: number;
}

/** The lines of `stack status`: every generation on the engine, and with a plan also what the file wants beyond that. */
export function statusRows(facts: StatusFacts): readonly StatusRow[] {
  const { observed, summaries, jobs, plan, images, health, nowMs } = facts;
  const changes = new Map<string, Change>();
  for (const change of plan?.changes ?? []) {
    if (change.subject.kind === 'instance') changes.set(change.id, change);
  }
  const byId = new Map(summaries.map((summary) => [summary.id, summary]));
  const instances = observed.containers.filter((container) => container.role === 'instance');
  const rows = instances.map((container) =>
    observedRow(
      container,
      byId.get(container.id),
      container.phase === 'current' ? changes.get(container.key) : undefined,
      {
        health: health.get(container.id),
        isPublished:
          isPublishedAs('next', container, observed.links) || isPublishedAs('old', container, observed.links),
        nowMs,
      },
    ),
  );
  const seen = new Set(instances.filter(({ phase }) => phase === 'current').map(({ key }) => String(key)));
  const absent = (plan?.changes ?? []).filter(
    ({ id, subject, action }) => subject.kind === 'instance' && action !== 'remove' && !seen.has(id),
  );
  const runs = observed.runs.map((run) => runRow(run, byId.get(run.id)));
  const missing = absent.flatMap((change) => absentRow(change, images));
  const scheduled = jobRows({ jobs, changes: plan?.changes ?? [], images, nowMs });
  return [...rows, ...runs, ...missing, ...scheduled].sort(inOrder);
}

function observedRow(
  container: ObservedContainer,
  summary: ContainerSummary | undefined,
  change: Change | undefined,
  {
    health,
    isPublished,
    nowMs,
  }: { readonly health: Health | undefined; readonly isPublished: boolean; readonly nowMs: number },
): StatusRow {
  const notes: string[] = [];
  if (container.restarts > 0)
    notes.push(
      `has ended and was started again ${container.restarts === 1 ? 'once' : `${container.restarts} times`}: \`stack logs ${container.instance}\``,
    );
  if (container.spec?.adopted !== undefined) notes.push('adopted');
  if (container.phase === 'failed') notes.push(`failed, kept as ${container.engineName}`);
  if (container.phase === 'old')
    notes.push(
      isPublished
        ? `serves again, as ${container.engineName}: an apply was cut off on its way back`
        : `replaced, still there as ${container.engineName}`,
    );
  if (container.phase === 'next')
    notes.push(
      isPublished
        ? `serves already, as ${container.engineName}: an apply was cut off`
        : `half-made, as ${container.engineName}`,
    );
  if (change !== undefined) notes.push(...changeNotes(change));
  if (container.state === 'exited' && container.exitCode !== null)
    notes.push(`exit code ${container.exitCode}`);
  const word = health?.word ?? container.health;
  return {
    application: container.application,
    container: container.container,
    instance: container.instance,
    generation: container.generation,
    state: container.state,
    health: word,
    healthWhy: health?.why ?? null,
    name: container.engineName,
    id: container.id,
    image: container.spec?.image ?? imageOf(summary),
    imageId: container.imageId,
    uptime: uptimeOf(summary),
    startedAt: container.startedAt,
    uptimeS: secondsSince(container, nowMs),
    notes,
    ok:
      container.phase !== 'current' ||
      (container.state === 'running' && !UNWELL.has(word) && !(change !== undefined && isDrift(change))),
  };
}

const UNWELL: ReadonlySet<string> = new Set(['unhealthy', 'no answer']);

/** Whether whoever started it is still there, the engine cannot tell. */
function runRow(run: ObservedRun, summary: ContainerSummary | undefined): StatusRow {
  return {
    application: summary?.labels[labels.application] ?? '',
    container: summary?.labels[labels.container] ?? '',
    instance: run.engineName,
    generation: null,
    state: run.state,
    health: 'none',
    healthWhy: null,
    name: run.engineName,
    id: run.id,
    image: run.spec?.image ?? imageOf(summary),
    imageId: summary?.imageId ?? null,
    uptime: uptimeOf(summary),
    // The list does not tell, and nobody inspects it for that.
    startedAt: null,
    uptimeS: null,
    notes: [`${run.abandoned ? 'left over from' : 'of'} ${senderOf(run)}`],
    ok: true,
  };
}

/** Containers are made from image ids: what an unreadable label still tells of the reference, else nothing. */
function imageOf(summary: ContainerSummary | undefined): string {
  const named = /"image":"([^"\\]+)"/.exec(summary?.labels[labels.spec] ?? '')?.[1];
  if (named !== undefined) return named;
  return summary === undefined || /^(sha256:)?[0-9a-f]{12,64}$/.test(summary.image) ? '' : summary.image;
}

/** Whole seconds since the start of what runs; null for the rest. */
function secondsSince({ state, startedAt }: ObservedContainer, nowMs: number): number | null {
  const runs = state === 'running' || state === 'paused';
  // The engine's clock may be ahead of ours.
  return runs && startedAt !== null ? Math.max(0, Math.floor((nowMs - Date.parse(startedAt)) / 1000)) : null;
}

/** `Up 3 minutes (healthy)` without what stands around the time. */
function uptimeOf(summary: ContainerSummary | undefined): string | null {
  return /^Up (?:About )?(.+?)(?: \(.*\))?$/.exec(summary?.status ?? '')?.[1] ?? null;
}

function changeNotes({ action, reasons }: Change): readonly string[] {
  const count = plural(reasons.length, 'change');
  switch (action) {
    case 'hold':
      return [`held: ${count}`];
    case 'replace':
    case 'update':
    case 'reload':
      return [`${count} to apply`];
    case 'start':
      return ['to be started'];
    case 'remove':
      return [surplusNote(reasons)];
    case 'tidy':
      return ['leftovers to tidy'];
    case 'create':
    case 'adopt':
    case 'run':
    case 'pull':
    case 'build':
    case 'push':
    case 'schedule':
    case 'none':
      return [];
    default:
      return unreachable(action);
  }
}

/** Why it goes. Instances above a number that is set are left by a scaling that failed, or by the file's own limits. */
function surplusNote(reasons: Change['reasons']): string {
  const field = reasons.find(({ kind }) => kind === 'dropped')?.field ?? 'file';
  if (field === 'scale') return 'above the number of instances: left by a scaling that failed, or over `max`';
  return field === 'file' ? 'no longer in the file' : `more than \`${field}\` in the file`;
}

function absentRow({ subject }: Change, images: ReadonlyMap<string, string>): readonly StatusRow[] {
  if (subject.kind !== 'instance') return [];
  const { application, container, instance } = subject;
  return [
    {
      application,
      container,
      instance,
      generation: null,
      state: 'missing',
      health: 'none',
      healthWhy: null,
      name: null,
      id: null,
      image: images.get(`${application}/${container}`) ?? '',
      imageId: null,
      uptime: null,
      startedAt: null,
      uptimeS: null,
      notes: [],
      ok: false,
    },
  ];
}

/** When it runs, and what an apply would do about it. */
function inOrder(a: StatusRow, b: StatusRow): number {
  return (
    a.application.localeCompare(b.application, 'en') ||
    a.instance.localeCompare(b.instance, 'en', { numeric: true }) ||
    (a.generation ?? 0) - (b.generation ?? 0)
  );
}
