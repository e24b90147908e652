import { labels } from '../../compiler/labels.ts';
import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import type { AgentSession, TellResult } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import type { Engine } from '../engine.ts';
import { phaseOf } from '../observe.ts';

type Point = Extract<Operation, { kind: 'balancer.point' }>;
type Leave = Extract<Operation, { kind: 'balancer.leave' }>;

/** What is asked while a haproxy is told something. */
export interface BalancerContext {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers'>;
  readonly ask: <T>(ask: (agent: Pick<AgentSession, 'point' | 'leave'>) => Promise<T>) => Promise<T>;
}

/** Below two minutes, in the engine's own words and by its own clock. */
const JUST_UP = /^Up (?:Less than a second|\d+ seconds?|About a minute)(?: |$)/;

/** A balancer does not count on an instance that it was told to. */
export class BalancerError extends Error {
  override readonly name = 'BalancerError';
}

/**
 * Tells a haproxy that its servers are at a container's address. Gives a note on what it could not be told, also where it does
 * not listen yet: it may wait for these very servers. Rejects with {@link BalancerError} where it was to count on them and does not.
 */
export async function pointBalancer(
  op: Point,
  context: BalancerContext,
  containerId: string,
): Promise<string | null> {
  const result = await told(op, context, (agent) =>
    agent.point({
      socket: `${agentVolumePath(op.volume, op.path)}/${op.name}`,
      servers: op.servers,
      // The short id is the container's name on its network, whatever it is renamed to.
      host: containerId.slice(0, 12),
      ready: op.ready,
      timeoutMs: Math.max(1, op.limitS) * 1000,
    }),
  );
  if (result === null)
    return `warning: \`${op.balancer}\` does not listen yet: where its servers are, it looks up when it starts`;
  if (result.down.length > 0) {
    throw new BalancerError(
      `\`${op.balancer}\` does not count on ${quoted(result.down)} after ${elapsed(result.ms)}`,
    );
  }
  return inWords(op.balancer, result);
}

/** Takes servers out of a haproxy; one that does not listen yet leads nobody to them. */
export async function leaveBalancer(op: Leave, context: BalancerContext): Promise<string | null> {
  const socket = `${agentVolumePath(op.volume, op.path)}/${op.name}`;
  const result = await told(op, context, (agent) =>
    agent.leave({ socket, servers: op.servers, state: op.state }),
  );
  return result === null
    ? `warning: \`${op.balancer}\` does not listen yet: it leads nobody to them`
    : inWords(op.balancer, result);
}

/** Null where it does not listen, or not yet. */
async function told(
  { balancer }: Pick<Point, 'balancer'>,
  context: BalancerContext,
  ask: (agent: Pick<AgentSession, 'point' | 'leave'>) => Promise<TellResult>,
): Promise<TellResult | null> {
  try {
    return await context.ask(ask);
  } catch (error) {
    // Without the file it is not so: whoever listened there has lost it, and may serve.
    const isSilent = error instanceof Error && /\bECONNREFUSED\b/.test(error.message);
    if (isSilent && (await isStarting(balancer, context))) return null;
    throw error;
  }
}

/** Whether it ended, or has been up so short that it may still look up its servers: an engine without a way out takes 40 s to say no. */
async function isStarting(balancer: string, { stack, engine }: BalancerContext): Promise<boolean> {
  const rows = await engine.listContainers([`${labels.stack}=${stack}`]);
  return rows
    .filter(({ name, labels: of }) => of[labels.instance] === balancer && phaseOf(name) === 'current')
    .every(({ state, status }) => state !== 'running' || JUST_UP.test(status));
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
