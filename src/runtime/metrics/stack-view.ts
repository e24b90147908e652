import { labels } from '../../compiler/labels.ts';
import { PLANES, type AgentSpec } from '../../compiler/plan/agent-spec.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { withAdopted } from '../adopt/with-adopted.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { listedHealth } from '../listed-health.ts';
import { phaseOf } from '../observe.ts';

/** The instances of one container, as the engine lists them. */
export interface SeenInstances {
  readonly application: string;
  readonly container: string;
  /** Those that run, and that the engine calls neither unhealthy nor starting. */
  readonly serving: ReadonlySet<string>;
  readonly unhealthy: ReadonlySet<string>;
}

/** What the engine lists of a stack. */
export interface StackView {
  /** By `application/container`. */
  readonly containers: ReadonlyMap<string, SeenInstances>;
  /** The agents that there are, and whether each runs. */
  readonly agents: readonly { readonly plane: AgentSpec['plane']; readonly isUp: boolean }[];
}

/** Looks at a stack by one list call, two where anything was adopted. Rejects with `EngineError`. */
export async function viewStack(engine: Pick<Engine, 'listContainers'>, stack: string): Promise<StackView> {
  const rows = await withAdopted(engine, await engine.listContainers([`${labels.stack}=${stack}`]));
  const instances = rows.filter((row) => row.labels[labels.role] === 'instance');
  const keys = new Set(instances.map(containerOf));
  const containers = [...keys].map((key): [string, SeenInstances] => {
    const own = instances.filter((row) => containerOf(row) === key);
    const { [labels.application]: application = '', [labels.container]: container = '' } =
      own[0]?.labels ?? {};
    const named = (which: (row: ContainerSummary) => boolean) =>
      new Set(own.filter(which).map((row) => row.labels[labels.instance] ?? ''));
    return [key, { application, container, serving: named(serves), unhealthy: named(isUnhealthy) }];
  });
  const agents = PLANES.flatMap((plane) => {
    const own = rows.find(({ name }) => name === agentName(stack, plane));
    return own === undefined ? [] : [{ plane, isUp: own.state === 'running' }];
  });
  return { containers: new Map(containers), agents };
}

/** `application/container` of an instance's container. */
export function containerOf({ labels: own }: Pick<ContainerSummary, 'labels'>): string {
  return `${own[labels.application] ?? ''}/${own[labels.container] ?? ''}`;
}

/** A new generation serves once it has passed its gate and has its name; an old one as long as it runs. */
function serves(row: ContainerSummary): boolean {
  const phase = phaseOf(row.name);
  if (phase !== 'current' && phase !== 'old') return false;
  return row.state === 'running' && listedHealth(row) === 'none';
}

function isUnhealthy(row: ContainerSummary): boolean {
  return phaseOf(row.name) === 'current' && row.state === 'running' && listedHealth(row) === 'unhealthy';
}
