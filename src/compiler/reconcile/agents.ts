import type { DesiredInstance, DesiredState } from '../desired/desired-state.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import type { ObservedAgent, ObservedState } from '../observed/observed-state.ts';
import type { AgentSpec } from '../plan/agent-spec.ts';

/**
 * The agents that the stack's own description calls for, whether or not a plan needs them; `leaving` are volumes that
 * it needs only to tidy.
 */
export function desiredAgents(
  desired: DesiredState,
  image: string,
  leaving: readonly string[],
): readonly AgentSpec[] {
  const instances = desired.containers.filter((c) => c.mode !== 'cron').flatMap((c) => c.instances);
  const volumes = new Set(leaving);
  for (const instance of instances) if (instance.socket !== null) volumes.add(instance.socket.volume);
  const agents: AgentSpec[] = [];
  if (leaving.length > 0 || instances.some((instance) => planesOf(instance).includes('stack'))) {
    agents.push({
      version: 2,
      plane: 'stack',
      name: agentName(desired.stack, 'stack'),
      image,
      networks: desired.networks.map((n) => n.name).sort(),
      volumes: [...volumes].sort(),
    });
  }
  if (instances.some((instance) => planesOf(instance).includes('host'))) {
    agents.push({
      version: 2,
      plane: 'host',
      name: agentName(desired.stack, 'host'),
      image,
      networks: [],
      volumes: [],
    });
  }
  return agents;
}

/** The name of a plane's agent container. Instances end in a digit, so no instance can be called so. */
function agentName(stack: string, plane: AgentSpec['plane']): string {
  return plane === 'stack' ? `${stack}-agent` : `${stack}-agent-host`;
}

/** Which agents an instance's socket and gate need. */
export function planesOf(instance: DesiredInstance): readonly AgentSpec['plane'][] {
  const planes = new Set<AgentSpec['plane']>();
  if (instance.socket !== null) planes.add('stack');
  const plane = gatePlane(instance);
  if (plane !== null) planes.add(plane);
  return [...planes];
}

/** The agent that asks an instance's gate; null when the engine itself can tell. */
export function gatePlane(instance: DesiredInstance): AgentSpec['plane'] | null {
  const gate = instance.gate;
  if (gate.kind !== 'http' && gate.kind !== 'tcp') return null;
  return gate.over !== 'socket' && instance.spec.network === 'host' ? 'host' : 'stack';
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
  if (existing.spec !== canonicalJson(spec) || !isConnected(existing, spec)) {
    return { action: 'replace', existing };
  }
  return { action: existing.running ? 'none' : 'start', existing };
}

/**
 * Whether an agent is on its networks and on no other. One that was cut off between its create and its connects is not,
 * nor is one that somebody disconnected.
 */
function isConnected(existing: ObservedAgent, spec: AgentSpec): boolean {
  return canonicalJson(joinedNetworks(existing)) === canonicalJson([...spec.networks].sort());
}

/** The bridges that an agent is on; `host` and `none` are networks in name only. */
export function joinedNetworks({ networks }: ObservedAgent): readonly string[] {
  return networks.filter((name) => name !== 'host' && name !== 'none').sort();
}
