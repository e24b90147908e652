import { labels } from '../compiler/labels.ts';
import type { ObservedContainer, ObservedRun, ObservedState } from '../compiler/observed/observed-state.ts';
import type { Change, Plan } from '../compiler/plan/plan.ts';
import { unreachable } from '../compiler/unreachable.ts';
import type { ContainerSummary } from '../runtime/engine.ts';
import type { StatusRow } from './render/status.ts';
import { plural } from './render/text.ts';

/**
 * The lines of `stack status`: every generation on the engine, and with a plan also what the file wants beyond that.
 * `images` are the file's references by `application/container`, for what is missing.
 */
export function statusRows(
  observed: ObservedState,
  summaries: readonly ContainerSummary[],
  plan: Plan | null,
  images: ReadonlyMap<string, string>,
): readonly StatusRow[] {
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
    ),
  );
  const seen = new Set(instances.filter(({ phase }) => phase === 'current').map(({ key }) => String(key)));
  const absent = (plan?.changes ?? []).filter(({ id, subject, action }) =>
    subject.kind === 'schedule' ? true : subject.kind === 'instance' && action !== 'remove' && !seen.has(id),
  );
  const runs = observed.runs.map((run) => runRow(run, byId.get(run.id)));
  return [...rows, ...runs, ...absent.flatMap((change) => absentRow(change, images))].sort(inOrder);
}

function observedRow(
  container: ObservedContainer,
  summary: ContainerSummary | undefined,
  change: Change | undefined,
): StatusRow {
  const notes: string[] = [];
  if (container.phase === 'failed') notes.push(`failed, kept as ${container.engineName}`);
  if (container.phase === 'old') notes.push(`replaced, still there as ${container.engineName}`);
  if (container.phase === 'next') notes.push(`half-made, as ${container.engineName}`);
  if (change !== undefined) notes.push(...changeNotes(change));
  if (container.state === 'exited' && container.exitCode !== null)
    notes.push(`exit code ${container.exitCode}`);
  return {
    application: container.application,
    container: container.container,
    instance: container.instance,
    generation: container.generation,
    state: container.state,
    health: container.health,
    image: container.spec?.image ?? summary?.image ?? '',
    imageId: container.imageId,
    uptime: uptimeOf(summary),
    notes,
  };
}

/** Whether whoever started it is still there, the engine cannot tell. */
function runRow(run: ObservedRun, summary: ContainerSummary | undefined): StatusRow {
  return {
    application: summary?.labels[labels.application] ?? '',
    container: summary?.labels[labels.container] ?? '',
    instance: run.engineName,
    generation: null,
    state: run.state,
    health: 'none',
    image: summary?.image ?? '',
    imageId: summary?.imageId ?? null,
    uptime: uptimeOf(summary),
    notes: [
      run.state === 'running' ? 'of `stack run`, under way or left over' : 'left over from `stack run`',
    ],
  };
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
      return [`${count} to apply`];
    case 'start':
      return ['to be started'];
    case 'remove':
      return ['no longer in the file'];
    case 'tidy':
      return ['leftovers to tidy'];
    case 'create':
    case 'run':
    case 'pull':
    case 'build':
    case 'schedule':
    case 'none':
      return [];
    default:
      return unreachable(action);
  }
}

function absentRow({ subject }: Change, images: ReadonlyMap<string, string>): readonly StatusRow[] {
  if (subject.kind !== 'instance' && subject.kind !== 'schedule') return [];
  const { application, container } = subject;
  return [
    {
      application,
      container,
      instance: subject.kind === 'instance' ? subject.instance : container,
      generation: null,
      state: subject.kind === 'instance' ? 'missing' : 'cron',
      health: 'none',
      image: images.get(`${application}/${container}`) ?? '',
      imageId: null,
      uptime: null,
      // This version does not run it by the clock.
      notes: subject.kind === 'instance' ? [] : [`by hand: stack run ${container}`],
    },
  ];
}

function inOrder(a: StatusRow, b: StatusRow): number {
  return (
    a.application.localeCompare(b.application, 'en') ||
    a.instance.localeCompare(b.instance, 'en', { numeric: true }) ||
    (a.generation ?? 0) - (b.generation ?? 0)
  );
}
