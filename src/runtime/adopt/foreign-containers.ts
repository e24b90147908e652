import { COMPOSE, isComposeRun } from '../../compiler/compose-labels.ts';
import type { DesiredState } from '../../compiler/desired/desired-state.ts';
import { labels } from '../../compiler/labels.ts';
import type {
  ComposeLabels,
  ForeignContainer,
  ObservedState,
} from '../../compiler/observed/observed-state.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { adoptedIn } from '../parse-spec.ts';

/**
 * Containers that are not the stack's, by name: one of them may be an instance that the stack has not. The engine is asked only
 * where there is such an instance.
 */
export async function foreignContainers(
  engine: Pick<Engine, 'listContainers'>,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly ForeignContainer[]> {
  const had = new Set(
    observed.containers
      .filter(({ role, phase }) => role === 'instance' && phase !== 'failed')
      .map(({ key }) => key),
  );
  const isWhole = desired.containers.every(
    ({ mode, instances }) => mode === 'cron' || instances.every(({ key }) => had.has(key)),
  );
  if (isWhole) return [];
  const own = new Set(observed.containers.map(({ id }) => id));
  const rows = await engine.listContainers([]);
  // What another stack has adopted has no labels of it.
  const adoptedBy = new Map(
    rows.flatMap((row) =>
      adoptedIn(row.labels).map(({ id }) => [id, row.labels[labels.stack] ?? null] as const),
    ),
  );
  return rows
    .filter((row) => row.labels[labels.stack] !== desired.stack && !own.has(row.id))
    .map((row) => foreignContainer(row, adoptedBy.get(row.id) ?? null))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function foreignContainer(
  { id, name, networks, state, writes, labels: own }: ContainerSummary,
  adoptedBy: string | null,
): ForeignContainer {
  return {
    id,
    name,
    stack: own[labels.stack] ?? adoptedBy,
    swarm: own['com.docker.swarm.service.name'] ?? null,
    compose: composeLabels(own),
    networks,
    writes: state === 'running' || state === 'paused' || state === 'restarting' ? writes : [],
    autoRemove: null,
  };
}

function composeLabels(own: ContainerSummary['labels']): ComposeLabels | null {
  const project = own[COMPOSE.project];
  const service = own[COMPOSE.service];
  if (project === undefined || service === undefined) return null;
  const number = isComposeRun(own) ? 0 : Number(own[COMPOSE.number]);
  return { project, service, number: Number.isSafeInteger(number) && number > 0 ? number : null };
}
