import { COMPOSE } from '../compiler/compose-labels.ts';
import type { DesiredState } from '../compiler/desired/desired-state.ts';
import { portName } from '../compiler/desired/host-port.ts';
import { labels } from '../compiler/labels.ts';
import { lackingMetricsPort } from '../compiler/reconcile/agents.ts';
import type { ForeignPort, ObservedState } from '../compiler/observed/observed-state.ts';
import type { ContainerSummary, Engine } from './engine.ts';

/**
 * Ports of the host that containers of others publish. Asked only where the file wants a port that none of the stack's
 * running containers has: what it has already, nobody else can have.
 */
export async function foreignPorts(
  engine: Pick<Engine, 'listContainers'>,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly ForeignPort[]> {
  const had = new Set(
    observed.containers
      .filter(({ state }) => state === 'running')
      .flatMap(({ spec }) => (spec?.ports ?? []).map((port) => `${port.hostIp ?? ''} ${portName(port)}`)),
  );
  const lacking = desired.containers
    .filter(({ mode }) => mode !== 'cron')
    .flatMap(({ instances }) => instances.flatMap(({ spec }) => spec.ports))
    .some((port) => port.hostPort !== null && !had.has(`${port.hostIp ?? ''} ${portName(port)}`));
  if (!lacking && lackingMetricsPort(desired, observed) === null) return [];
  // What was adopted has no labels of ours.
  const own = new Set(observed.containers.map(({ id }) => id));
  const others = (await engine.listContainers([])).filter(
    (container) => container.labels[labels.stack] !== desired.stack && !own.has(container.id),
  );
  return others
    .flatMap((container) =>
      container.ports.map((port) => ({ ...port, container: container.name, owner: ownerOf(container) })),
    )
    .sort(
      (a, b) =>
        a.hostPort - b.hostPort ||
        compare(a.container, b.container) ||
        compare(a.hostIp ?? '', b.hostIp ?? ''),
    );
}

function ownerOf({ labels: found }: ContainerSummary): ForeignPort['owner'] {
  const stack = found[labels.stack];
  if (stack !== undefined) return { kind: 'stack', name: stack };
  const project = found[COMPOSE.project];
  return project === undefined ? null : { kind: 'Compose project', name: project };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
