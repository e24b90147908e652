import type {
  DesiredContainer,
  DesiredInstance,
  DesiredState,
  Gate,
  Strategy,
} from '../desired/desired-state.ts';
import type { HostPort } from '../desired/host-port.ts';
import { metricsPort } from '../desired/metrics.ts';
import { foundOf } from '../desired/found.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import { measuredVolumes } from '../scale/measured-volumes.ts';
import { follows } from '../scale/spec-counts.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import type { ObservedAgent, ObservedState } from '../observed/observed-state.ts';
import { agentParts } from './agent-parts.ts';
import { PLANES, type AgentMetrics, type AgentSpec } from '../plan/agent-spec.ts';
import type { PlanRequest } from '../plan/plan.ts';

/**
 * The agents of a stack, whether or not a plan needs them: the one on its networks always, since it keeps the journal; the
 * one on the host's where something asks it, the one with the engine's socket where there are jobs or metrics, where the stack
 * says `heal: true`, or where something is scaled. `leaving` are volumes that are needed only to tidy, or to tell balancers
 * something.
 */
export function desiredAgents(
  desired: DesiredState,
  observed: Pick<ObservedState, 'agents'>,
  { agentImage: image, engineSocket }: Pick<PlanRequest, 'agentImage' | 'engineSocket'>,
  leaving: readonly string[],
): readonly AgentSpec[] {
  const daemons = desired.containers.filter((c) => c.mode !== 'cron');
  const instances = daemons.flatMap((c) => c.instances);
  const planes = new Set(daemons.flatMap((c) => c.instances.flatMap((i) => planesOf(i, c.strategy))));
  const volumes = new Set(leaving);
  for (const instance of instances) if (instance.socket !== null) volumes.add(instance.socket.volume);
  const agents: AgentSpec[] = [
    {
      version: 4,
      plane: 'stack',
      name: agentName(desired.stack, 'stack'),
      image,
      networks: desired.networks.map((n) => n.name).sort(),
      volumes: [...volumes].sort(),
    },
  ];
  if (planes.has('host')) {
    agents.push({
      version: 4,
      plane: 'host',
      name: agentName(desired.stack, 'host'),
      image,
      networks: [],
      volumes: [],
    });
  }
  if (needsEngine(desired)) {
    const metrics = agentMetrics(desired);
    agents.push({
      version: 4,
      plane: 'engine',
      name: agentName(desired.stack, 'engine'),
      image,
      networks: desired.networks.map((n) => n.name).sort(),
      volumes: watchedVolumes(desired),
      engineSocket: desired.engineSocket ?? ownSocket(desired.stack, observed) ?? engineSocket,
      ...(metrics === null ? {} : { metrics }),
    });
  }
  return agents;
}

/**
 * The engine's socket that the agent has which runs: that one is there, wherever whoever plans reaches the engine. The agent
 * itself has it elsewhere than its host.
 */
function ownSocket(stack: string, { agents }: Pick<ObservedState, 'agents'>): string | null {
  const own = agents.find(({ name }) => name === agentName(stack, 'engine'));
  return own?.state !== 'running' ? null : (agentParts(own.spec)?.engineSocket ?? null);
}

/** Whether somebody must start containers by the clock. */
export function hasJobs({ containers }: Pick<DesiredState, 'containers'>): boolean {
  return containers.some(({ job }) => job !== null);
}

/** Whether the number of somebody's instances follows load or time by itself. */
export function scales({ containers }: Pick<DesiredState, 'containers'>): boolean {
  return containers.some(({ scale }) => follows(scale));
}

/** Whether somebody must have the engine's socket: for jobs, to bring back what breaks, to scale, or to count what there is. */
export function needsEngine(desired: Pick<DesiredState, 'containers' | 'heals' | 'metrics'>): boolean {
  return desired.heals || desired.metrics !== null || hasJobs(desired) || scales(desired);
}

function agentMetrics({ metrics }: Pick<DesiredState, 'metrics'>): AgentMetrics | null {
  return metrics === null ? null : { socket: metrics.socket, port: metrics.port };
}

/** Whether the agent that there is serves metrics elsewhere than the file says, or where that says nothing. */
export function hasOtherMetrics(desired: DesiredState, observed: ObservedState): boolean {
  const own = observed.agents.find(({ name }) => name === agentName(desired.stack, 'engine'));
  return own !== undefined && !servesAsWanted(desired, own);
}

/** A port of the host that the agent is to have for metrics and has not yet; null: none. */
export function lackingMetricsPort(desired: DesiredState, { agents }: ObservedState): HostPort | null {
  const port = desired.metrics?.port ?? null;
  const own = agents.find(({ name }) => name === agentName(desired.stack, 'engine'));
  const isHad = own !== undefined && isUp(own) && servesAsWanted(desired, own);
  return port === null || isHad ? null : metricsPort(port);
}

function servesAsWanted(desired: DesiredState, { spec }: ObservedAgent): boolean {
  const wanted = agentMetrics(desired);
  return wanted === null
    ? !spec.includes('"metrics":{')
    : spec.includes(`"metrics":${canonicalJson(wanted)}`);
}

/** Whether some instance is brought back when it breaks. An agent that is there for metrics alone heals nothing. */
export function hasHealed(desired: Pick<DesiredState, 'containers' | 'heals'>): boolean {
  return healedContainers(desired).length > 0;
}

function healedContainers(desired: Pick<DesiredState, 'containers' | 'heals'>): readonly DesiredContainer[] {
  if (!desired.heals && !hasJobs(desired) && !scales(desired)) return [];
  return desired.containers.filter(({ mode, heal }) => mode !== 'cron' && heal);
}

/** The volumes, sorted, in which who heals asks instances over their sockets how they are. */
function askedVolumes(desired: Pick<DesiredState, 'containers' | 'heals'>): readonly string[] {
  const volumes = healedContainers(desired).flatMap(({ instances }) =>
    instances.flatMap(({ socket, gate }) =>
      socket !== null && (gate.kind === 'http' || gate.kind === 'tcp') && gate.over === 'socket'
        ? [socket.volume]
        : [],
    ),
  );
  return [...new Set(volumes)].sort();
}

/** Those in which the agent with the engine's socket asks instances and haproxys, sorted. */
function watchedVolumes(desired: DesiredState): readonly string[] {
  return [...new Set([...askedVolumes(desired), ...measuredVolumes(desired)])].sort();
}

/** Whether the agent that heals or scales has no way to a socket that it asks. */
export function lacksVolumes(desired: DesiredState, { agents }: ObservedState): boolean {
  const own = agents.find(({ name }) => name === agentName(desired.stack, 'engine'));
  return (
    own !== undefined && watchedVolumes(desired).some((volume) => !own.spec.includes(JSON.stringify(volume)))
  );
}

/** Whether the agent that starts jobs has another socket of the engine than the file says. */
export function hasOtherSocket(
  { stack, engineSocket }: Pick<DesiredState, 'stack' | 'engineSocket'>,
  { agents }: ObservedState,
): boolean {
  const own = agents.find(({ name }) => name === agentName(stack, 'engine'));
  const part = `"engineSocket":${JSON.stringify(engineSocket)}`;
  return own !== undefined && engineSocket !== null && !own.spec.includes(part);
}

/** The name of a plane's agent container. Instances end in a digit, so no instance can be called so. */
export function agentName(stack: string, plane: AgentSpec['plane']): string {
  return plane === 'stack' ? `${stack}-agent` : `${stack}-agent-${plane}`;
}

/** Which agents an instance's socket, gate and drain need. */
export function planesOf(
  instance: DesiredInstance,
  { order }: Pick<Strategy, 'order'>,
): readonly AgentSpec['plane'][] {
  const planes = new Set<AgentSpec['plane']>();
  if (instance.socket !== null) planes.add('stack');
  if (order === 'start-first' && instance.port !== null && instance.spec.network === 'stack')
    planes.add('stack');
  if (foundOf(instance) !== null) planes.add('stack');
  if (sharedPorts(instance, order).length > 0) planes.add('host');
  const plane = gatePlane(instance);
  if (plane !== null) planes.add(plane);
  return [...planes];
}

/** The ports of the host's network, sorted, on which two generations of an instance listen side by side for a while. */
export function sharedPorts(
  { gate, port, socket, spec }: DesiredInstance,
  order: Strategy['order'],
): readonly number[] {
  if (order !== 'start-first' || spec.network !== 'host' || socket !== null || port === null) return [];
  const asked =
    (gate.kind === 'http' || gate.kind === 'tcp') && gate.over !== 'socket' ? gate.over.port : port;
  return [...new Set([port, asked])].sort((a, b) => a - b);
}

/** The agent that asks an instance's gate; null when the engine itself can tell. */
export function gatePlane({
  gate,
  spec,
}: {
  readonly gate: Gate;
  readonly spec: Pick<InstanceSpec, 'network'>;
}): AgentSpec['plane'] | null {
  if (gate.kind !== 'http' && gate.kind !== 'tcp') return null;
  return gate.over !== 'socket' && spec.network === 'host' ? 'host' : 'stack';
}

/** What is to be done about an agent that the plan needs. */
export function agentAction(
  spec: AgentSpec,
  observed: ObservedState,
): {
  readonly action: 'none' | 'start' | 'create' | 'replace';
  readonly existing: ObservedAgent | null;
} {
  const existing = observed.agents.find((a) => a.name === spec.name) ?? null;
  if (existing === null) return { action: 'create', existing };
  if (existing.spec !== canonicalJson(spec) || !isConnected(existing, spec.networks)) {
    return { action: 'replace', existing };
  }
  if (isUp(existing)) return { action: 'none', existing };
  // One that has ended has nothing that a new one would not have, and an engine that was restarted may be unable to start it:
  // `task …: already exists`.
  return { action: existing.state === 'created' ? 'start' : 'replace', existing };
}

/**
 * The planes whose agent somebody took away, stopped, paused or disconnected, of those that the instances need; a plan
 * with nothing else to do brings them back. One of another version goes on until a plan needs it.
 */
export function impairedPlanes(
  stack: string,
  needed: ReadonlySet<AgentSpec['plane']>,
  { agents }: ObservedState,
): readonly AgentSpec['plane'][] {
  return [...needed].filter((plane) => {
    const existing = agents.find(({ name }) => name === agentName(stack, plane));
    return existing === undefined || !isUp(existing) || !isConnected(existing, madeOn(existing));
  });
}

/** Agents of the stack by their labels that no plan would ask: renamed by hand, or copies. */
export function strayAgents(stack: string, { agents }: ObservedState): readonly ObservedAgent[] {
  const known = new Set(PLANES.map((plane) => agentName(stack, plane)));
  return agents.filter(({ name }) => !known.has(name));
}

/** The agent that has the engine's socket and that the file does not need; `isBusy`: runs are left whose end it writes down. */
export function idleAgent(
  desired: DesiredState,
  { agents, jobRuns }: ObservedState,
): { readonly agent: ObservedAgent; readonly isBusy: boolean } | null {
  if (needsEngine(desired)) return null;
  const agent = agents.find(({ name }) => name === agentName(desired.stack, 'engine'));
  if (agent === undefined) return null;
  // One that does not run never comes to those that are over.
  const isBusy = jobRuns.some(({ state }) => isUp(agent) || state === 'running' || state === 'paused');
  return { agent, isBusy };
}

/** The stack's agent where it runs, of this version: somebody to write the journal for a plan that has none. */
export function agentAtHand(stack: string, { agents }: ObservedState, image: string): string | null {
  const own = agents.find(({ name }) => name === agentName(stack, 'stack'));
  const isOurs = own !== undefined && isUp(own) && own.spec.includes(`"image":${JSON.stringify(image)}`);
  return isOurs ? own.name : null;
}

function isUp({ state }: ObservedAgent): boolean {
  return state === 'running' || state === 'restarting';
}

/** The networks that its label names. */
function madeOn({ spec }: ObservedAgent): readonly string[] {
  const found = /"networks":(\[[^\]]*\])/.exec(spec)?.[1] ?? '[]';
  return [...found.matchAll(/"([^"]+)"/g)].flatMap(([, name]) => name ?? []);
}

/**
 * Whether an agent is on its networks and on no other. One that was cut off between its create and its connects is not,
 * nor is one that somebody disconnected.
 */
function isConnected(existing: ObservedAgent, networks: readonly string[]): boolean {
  return canonicalJson(joinedNetworks(existing)) === canonicalJson([...networks].sort());
}

/** The bridges that an agent is on; `host` and `none` are networks in name only. */
export function joinedNetworks({ networks }: ObservedAgent): readonly string[] {
  return networks.filter((name) => name !== 'host' && name !== 'none').sort();
}
