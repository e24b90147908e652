import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import type { AgentSession, TellResult } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';

type Point = Extract<Operation, { kind: 'balancer.point' }>;
type Leave = Extract<Operation, { kind: 'balancer.leave' }>;
type Ask = <T>(ask: (agent: Pick<AgentSession, 'point' | 'leave'>) => Promise<T>) => Promise<T>;

/** A balancer does not count on an instance that it was told to. */
export class BalancerError extends Error {
  override readonly name = 'BalancerError';
}

/**
 * Tells a haproxy that its servers are at a container's address. Gives a note on what it could not be told; rejects with
 * {@link BalancerError} where it was to count on them and does not.
 */
export async function pointBalancer(op: Point, ask: Ask, containerId: string): Promise<string | null> {
  const result = await ask((agent) =>
    agent.point({
      socket: `${agentVolumePath(op.volume, op.path)}/${op.name}`,
      servers: op.servers,
      // The short id is the container's name on its network, whatever it is renamed to.
      host: containerId.slice(0, 12),
      ready: op.ready,
      timeoutMs: Math.max(1, op.limitS) * 1000,
    }),
  );
  if (result.down.length > 0) {
    throw new BalancerError(
      `\`${op.balancer}\` does not count on ${quoted(result.down)} after ${elapsed(result.ms)}`,
    );
  }
  return inWords(op.balancer, result);
}

/** Takes servers out of a haproxy. */
export async function leaveBalancer(op: Leave, ask: Ask): Promise<string | null> {
  const socket = `${agentVolumePath(op.volume, op.path)}/${op.name}`;
  const result = await ask((agent) => agent.leave({ socket, servers: op.servers, state: op.state }));
  return inWords(op.balancer, result);
}

function inWords(balancer: string, { missing, unresolved }: TellResult): string | null {
  if (missing.length > 0) {
    return `warning: \`${balancer}\` has no ${quoted(missing)}: it runs with another configuration than its file has by now`;
  }
  return unresolved.length === 0
    ? null
    : `warning: \`${balancer}\` found no address for ${quoted(unresolved)} at its start, and takes none now: reload it`;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
