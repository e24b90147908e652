import { generationSocketName } from '../compiler/desired/desired-state.ts';
import type { DesiredState } from '../compiler/desired/desired-state.ts';
import { instanceEngineName } from '../compiler/names.ts';
import type { ObservedContainer, ObservedState } from '../compiler/observed/observed-state.ts';
import { agentVolumePath } from '../compiler/plan/agent-spec.ts';
import type { AgentSpec } from '../compiler/plan/agent-spec.ts';
import { agentName, gatePlane } from '../compiler/reconcile/agents.ts';
import { fileName, hasOwnSocket, mountedVolumes, socketPlace } from '../compiler/reconcile/sockets.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Health, HealthQuestion } from '../runtime/health.ts';
import { agentVolumes } from '../runtime/parse-spec.ts';
import { askedGate, type Wanted } from './asked-gate.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

const PLANES: readonly AgentSpec['plane'][] = ['stack', 'host'];

/** Whose health is asked. */
export interface HealthScope {
  readonly engine: Engine;
  readonly stack: string;
  readonly observed: ObservedState;
  /** Null without a file: then an instance is asked as it was when it was made. */
  readonly desired: DesiredState | null;
}

/** Asks every running instance that can be asked; the answers by container id. What hinders is said on stderr. */
export async function instanceHealth(
  context: CommandContext,
  { engine, stack, observed, desired }: HealthScope,
): Promise<ReadonlyMap<string, Health>> {
  const wanted = new Map<string, Wanted>();
  for (const container of desired?.containers ?? []) {
    if (container.mode === 'cron') continue;
    for (const instance of container.instances) wanted.set(instance.key, { container, instance });
  }
  const within = mountedByAgent(stack, observed);
  const questions = observed.containers.flatMap(
    (container) => questionFor(container, wanted.get(container.key), stack, within) ?? [],
  );
  if (questions.length === 0) return new Map();
  const [{ askHealth }, { execAgentConnector }] = await Promise.all([
    import('../runtime/health.ts'),
    import('../runtime/agent/agent-connector.ts'),
  ]);
  const running = observed.agents.filter(({ state }) => state === 'running').map(({ name }) => name);
  const agentNames = new Map(
    PLANES.flatMap((plane) => {
      const name = agentName(stack, plane);
      return running.includes(name) ? [[plane, name] as const] : [];
    }),
  );
  const { clock } = context.io;
  const { health, problems } = await askHealth(questions, {
    engine,
    agents: execAgentConnector(engine),
    agentNames,
    clock,
  });
  for (const problem of new Set(problems)) writeNote(context, `health is not asked: ${problem}`);
  return health;
}

/** Null for what does not run, and where there is no question, or nobody who can ask it. */
function questionFor(
  container: ObservedContainer,
  wanted: Wanted | undefined,
  stack: string,
  within: ReadonlySet<string>,
): HealthQuestion | null {
  const { spec, generation, id: containerId } = container;
  if (container.role !== 'instance' || container.state !== 'running' || spec === null) return null;
  const gate = askedGate(container, spec, wanted);
  if (gate === null || gate.kind === 'engine') return null;
  const plane = gatePlane({ gate, spec });
  // The short id is the container's name on its network, whatever it is renamed to.
  const address = plane === 'host' ? '127.0.0.1' : containerId.slice(0, 12);
  if (gate.kind === 'command' || gate.over !== 'socket')
    return { containerId, gate, plane, address, socketPath: null };
  const place = socketPlace(spec, mountedVolumes(spec));
  if (place === null || !within.has(place.volume)) return null;
  const engineName = instanceEngineName(stack, container.application, container.instance);
  const name = hasOwnSocket(container, engineName)
    ? generationSocketName(engineName, generation)
    : fileName(place);
  const socketPath = `${agentVolumePath(place.volume, place.volumePath)}/${name}`;
  return { containerId, gate, plane, address, socketPath };
}

/** The volumes that the agent for sockets sees; all of them where it is gone, which is said once. */
function mountedByAgent(stack: string, { agents, containers }: ObservedState): ReadonlySet<string> {
  const agent = agents.find(({ name }) => name === agentName(stack, 'stack'));
  if (agent !== undefined) return new Set(agentVolumes(agent.spec));
  return new Set(containers.flatMap(({ spec }) => [...mountedVolumes(spec)]));
}
