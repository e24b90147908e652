import type { DesiredInstance } from '../../compiler/desired/desired-state.ts';
import { agentVolumePath, type AgentSpec } from '../../compiler/plan/agent-spec.ts';
import { gatePlane } from '../../compiler/reconcile/agents.ts';
import { reloadGate } from '../../compiler/reconcile/reload.ts';
import { boundName } from '../../compiler/reconcile/sockets.ts';
import type { MadeGate } from '../../compiler/plan/operation.ts';
import type { AgentSession } from '../agent/agent-session.ts';
import type { Engine } from '../engine.ts';
import type { ExecuteOptions } from '../execute-options.ts';
import { passGate } from '../gate.ts';
import { filledGate } from '../gate/filled-gate.ts';
import { GateError } from '../gate/gate-error.ts';
import type { SharedPorts } from '../gate/shared-port.ts';

/** What is waited with for a container. */
export interface ReadinessContext extends Pick<ExecuteOptions, 'engine' | 'clock' | 'stop'> {
  readonly containerId: string;
  readonly onProgress: (line: string) => void;
}

/** What is asked for a generation that the file describes. */
export interface GateAsk {
  readonly instance: DesiredInstance;
  readonly generation: number;
  /** It runs on, by other files. */
  readonly reloaded: boolean;
  /** Who listened on its ports before it started. */
  readonly shared: SharedPorts | null;
  readonly ask: <T>(plane: AgentSpec['plane'], ask: (agent: AgentSession) => Promise<T>) => Promise<T>;
}

/** An instance as one of its old generations was made. */
export function asMade(instance: DesiredInstance, { gate, socket, network }: MadeGate): DesiredInstance {
  return { ...instance, gate: gate ?? instance.gate, socket, spec: { ...instance.spec, network } };
}

/** Waits until a generation is ready, as the file says. */
export async function awaitReady(
  { instance, generation, reloaded, shared, ask }: GateAsk,
  { engine, clock, stop, containerId, onProgress }: ReadinessContext,
): Promise<string | null> {
  const plane = gatePlane(instance) ?? (shared === null ? null : 'host');
  const { socket, engineName } = instance;
  const pass = async (agent: AgentSession | null) => {
    const context = {
      engine,
      agent,
      shared,
      containerId,
      // The short id is the container's name on its network, whatever it is renamed to.
      address: plane === 'host' ? '127.0.0.1' : containerId.slice(0, 12),
      socketPath:
        socket === null
          ? null
          : `${agentVolumePath(socket.volume, socket.volumePath)}/${boundName(socket, engineName, generation)}`,
      clock,
      onProgress,
    };
    const gate = filledGate(instance, generation);
    const { note } = await passGate(reloaded ? reloadGate(gate) : gate, context, stop ?? never());
    return note;
  };
  return plane === null ? pass(null) : ask(plane, pass);
}

/** Waits until a container has been up for a second: of one that the file does not describe there is nothing else to ask. */
export async function staysUp(context: ReadinessContext): Promise<string> {
  const gate = { kind: 'engine', limitMs: 60_000, uptimeMs: 1_000 } as const;
  const nobody = { agent: null, shared: null, address: '', socketPath: null };
  const { note } = await passGate(gate, { ...nobody, ...context }, context.stop ?? never());
  return note;
}

/** Rejects when it has ended since its start. By now its policy may have brought it up again; that it had ended is what counts. */
export async function stillRuns(
  containerId: string,
  engine: Pick<Engine, 'inspectContainer'>,
): Promise<void> {
  const found = await engine.inspectContainer(containerId);
  if (found?.state === 'running' && found.restartCount === 0) return;
  const code = found?.exitCode ?? null;
  const how = found === null ? 'is gone' : `ended${code === null || code === 0 ? '' : ` with code ${code}`}`;
  throw new GateError(`it ${how} after it was ready, before the one that it replaces was stopped`);
}

/** What nobody ever aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
