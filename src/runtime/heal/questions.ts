import type { HttpGate, InstanceKey, TcpGate } from '../../compiler/desired/desired-state.ts';
import type { ObservedAgent } from '../../compiler/observed/observed-state.ts';
import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import { agentName, gatePlane } from '../../compiler/reconcile/agents.ts';
import { fileName, mountedVolumes, socketPlace } from '../../compiler/reconcile/sockets.ts';
import type { ProbeTarget } from '../agent/agent-session.ts';
import { agentVolumes, specOf } from '../parse-spec.ts';
import type { CurrentRow } from './current-rows.ts';

/** What an instance that runs is asked by its agent. */
export interface HealQuestion {
  /** Of its container. */
  readonly id: string;
  readonly gate: HttpGate | TcpGate;
  readonly target: ProbeTarget;
}

/**
 * The questions of gates that the agent with the engine's socket can ask by itself: HTTP and TCP over the stack's networks, and
 * over sockets in volumes that it mounts. An instance is asked what it was made with, at its published name. A `command`
 * would be a process each time; what the image checks is the engine's to say; on the host's network another agent asks.
 */
export function questionsOf(
  current: ReadonlyMap<InstanceKey, CurrentRow>,
  stack: string,
  agents: readonly ObservedAgent[],
): ReadonlyMap<InstanceKey, HealQuestion> {
  const own = agents.find(({ name }) => name === agentName(stack, 'engine'));
  const volumes = new Set(own === undefined ? [] : agentVolumes(own.spec));
  const questions = new Map<InstanceKey, HealQuestion>();
  for (const [key, found] of current) {
    const question = found.kind === 'own' ? questionOf(found, volumes) : null;
    if (question !== null) questions.set(key, question);
  }
  return questions;
}

function questionOf(
  { row: { id, labels: own } }: Extract<CurrentRow, { readonly kind: 'own' }>,
  volumes: ReadonlySet<string>,
): HealQuestion | null {
  const spec = specOf(own);
  const gate = spec?.gate ?? null;
  if (spec === null || gate === null || gatePlane({ gate, spec }) !== 'stack') return null;
  // The short id is the container's name on its network, whatever it is renamed to.
  if (gate.over !== 'socket')
    return { id, gate, target: { kind: 'tcp', host: id.slice(0, 12), port: gate.over.port } };
  const place = socketPlace(spec, mountedVolumes(spec));
  if (place === null || !volumes.has(place.volume)) return null;
  const path = `${agentVolumePath(place.volume, place.volumePath)}/${fileName(place)}`;
  return { id, gate, target: { kind: 'socket', path } };
}
