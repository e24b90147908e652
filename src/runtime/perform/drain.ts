import { QUIET_MS } from '../../compiler/journal/times.ts';
import type { Told } from '../../compiler/journal/record.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { AgentSession, DrainResult } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import type { Engine } from '../engine.ts';

type Drain = Extract<Operation, { kind: 'socket.drain' }>;
type DrainPorts = Extract<Operation, { kind: 'ports.drain' }>;

/** The host's own network namespace: somebody there may connect as well. */
export const FIRST_PROCESS = 1;

/** What is asked while a socket is drained. */
export interface DrainContext {
  readonly engine: Pick<Engine, 'inspectContainer' | 'volumeProcesses'>;
  readonly ask: <T>(ask: (agent: AgentSession) => Promise<T>) => Promise<T>;
  /** Of the container that serves there. */
  readonly containerId: string;
  readonly onTold: (told: Told) => void;
}

/** Requests are left that nobody has accepted: to stop now would drop them. */
export class DrainError extends Error {
  override readonly name = 'DrainError';
}

/**
 * Waits until nobody is connected to a generation's socket, which nothing leads to any more. Gives a note on what was
 * waited for; rejects with {@link DrainError} when requests wait there at the limit.
 */
export async function drainSocket(op: Drain, context: DrainContext): Promise<string> {
  const { engine, ask, containerId, onTold } = context;
  const serving = await engine.inspectContainer(containerId);
  if (serving === null || serving.state !== 'running') return 'it does not run: nobody is connected';
  const processes = await engine.volumeProcesses(op.volume);
  const result = await ask((agent) =>
    agent.drain({
      name: op.bound,
      path: `${agentVolumePath(op.volume, op.path)}/${op.name}`,
      pids: [...new Set([FIRST_PROCESS, ...processes])],
      quietMs: QUIET_MS,
      timeoutMs: op.limitS * 1000 + QUIET_MS,
    }),
  );
  onTold({ kind: 'drain', ms: result.ms, open: leftOpen(result) });
  return inWords(result, op.isHung ?? false);
}

/** Null where connections cannot be counted. */
function leftOpen(result: DrainResult): number | null {
  if (result.kind === 'busy') return result.open;
  return result.kind === 'drained' ? 0 : null;
}

/** The same for the ports of a container, to which no name leads any more. */
export async function drainPorts(
  op: DrainPorts,
  { engine, ask, containerId, onTold }: DrainContext,
): Promise<string> {
  const serving = await engine.inspectContainer(containerId);
  if (serving === null || serving.state !== 'running') return 'it does not run: nobody is connected';
  const { pid } = serving;
  const timeoutMs = op.limitS * 1000 + QUIET_MS;
  const result = await ask((agent) =>
    agent.drainPorts({ pid, ports: op.ports, quietMs: QUIET_MS, timeoutMs }),
  );
  onTold({ kind: 'drain', ms: result.ms, open: leftOpen(result) });
  return inWords(result, op.isHung ?? false);
}

function inWords(result: DrainResult, isHung: boolean): string {
  const took = elapsed(result.ms);
  switch (result.kind) {
    case 'drained':
      return result.most === 0
        ? `no connection for ${QUIET_MS} ms`
        : `no connection for ${QUIET_MS} ms after ${took}, ${result.most} at first`;
    case 'busy':
      if (result.queued > 0 && isHung)
        return `warning: ${connections(result.queued)} waiting after ${took}, not accepted, and end with the stop`;
      if (result.queued > 0) {
        throw new DrainError(
          `${connections(result.queued)} waiting after ${took}, not accepted: to stop now would drop ${result.queued === 1 ? 'it' : 'them'}`,
        );
      }
      return `warning: ${connections(result.open)} open after ${took}, and end with the stop`;
    case 'knocked':
      return `what was queued has been accepted (connections cannot be counted: ${result.why})`;
    case 'silent':
      if (isHung) return `warning: it accepted no connection within ${took}, and is stopped`;
      throw new DrainError(
        `it accepted no connection within ${took}, and what waits there cannot be counted (${result.why})`,
      );
    case 'blind':
      return `warning: its connections cannot be counted (${result.why}), and end with the stop`;
    default:
      return unreachable(result);
  }
}

function connections(count: number): string {
  return count === 1 ? '1 connection is' : `${count} connections are`;
}
