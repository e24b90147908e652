import type { Operation } from '../../compiler/plan/operation.ts';
import type { AgentSession } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import type { Engine } from '../engine.ts';
import { FIRST_PROCESS } from './drain.ts';

type Reached = Extract<Operation, { kind: 'socket.reached' }>;

/** What is asked while somebody is waited for. */
export interface ArrivalsContext {
  readonly engine: Pick<Engine, 'inspectContainer' | 'volumeProcesses'>;
  readonly ask: <T>(ask: (agent: Pick<AgentSession, 'arrivals'>) => Promise<T>) => Promise<T>;
  /** Of the container that serves there. */
  readonly containerId: string;
  /** The agent's container: what it asks itself does not count. */
  readonly agent: string;
}

/** Waits until a balancer has come to a generation's socket; gives a note on what was seen. Whoever waits in vain goes on. */
export async function awaitBalancer(
  op: Reached,
  { engine, ask, containerId, agent }: ArrivalsContext,
): Promise<string> {
  const own = await Promise.all([containerId, agent].map((id) => engine.inspectContainer(id)));
  const processes = await engine.volumeProcesses(op.volume);
  const others = processes.filter((pid) => own.every((details) => details?.pid !== pid));
  const { seen, ms } = await ask((session) =>
    session.arrivals({
      name: op.name,
      pids: [...new Set([FIRST_PROCESS, ...others])],
      count: op.count,
      timeoutMs: Math.max(1, op.limitS * 1000),
    }),
  );
  const came = `${seen} ${seen === 1 ? 'connection' : 'connections'} to it`;
  return seen >= op.count
    ? `${came} within ${elapsed(ms)}`
    : `warning: ${came} within ${elapsed(ms)}: no balancer is known to count on it yet`;
}
