import { SOCKET_HOLE, type Gate, type HttpGate, type TcpGate } from '../compiler/desired/desired-state.ts';
import { unreachable } from '../compiler/unreachable.ts';
import type { AgentSession, ProbeTarget } from './agent/agent-session.ts';
import type { Clock } from './clock.ts';
import { elapsed } from './elapsed.ts';
import type { Engine } from './engine.ts';
import { commandQuestion } from './gate/command-question.ts';
import { engineQuestion } from './gate/engine-question.ts';
import { watchExit, type Exit } from './gate/exit-watch.ts';
import { GateError } from './gate/gate-error.ts';
import { poll } from './gate/poll.ts';
import { probeQuestion } from './gate/probe-question.ts';
import type { Question } from './gate/question.ts';
import { sharedPortQuestion, type SharedPortQuestion, type SharedPorts } from './gate/shared-port.ts';

/** What a gate needs to know of the generation before it, and waits with. */
export interface GateContext extends QuestionContext {
  readonly engine: Pick<Engine, 'exec' | 'inspectContainer' | 'waitContainer'>;
  readonly agent: Pick<AgentSession, 'probe' | 'listeners'> | null;
  /** Ports that it shares with the generation before it, which answers there too; null for none. */
  readonly shared: SharedPorts | null;
  /** Hears each answer that differs from the one before, in words. */
  readonly onProgress: (line: string) => void;
}

/** What a question is asked with. */
export interface QuestionContext {
  readonly engine: Pick<Engine, 'exec' | 'inspectContainer'>;
  /** Needed for `http` and `tcp`; null when no gate of the plan asks for an agent. */
  readonly agent: Pick<AgentSession, 'probe'> | null;
  readonly containerId: string;
  /** The host name that leads the agent to the generation. */
  readonly address: string;
  /** The generation's own socket as the agent sees it; needed for gates over a socket. */
  readonly socketPath: string | null;
  readonly clock: Clock;
}

/**
 * Waits until a generation is ready. A container that ends meanwhile fails it at once: a new generation has the
 * restart policy `no`, so that is final. The words of a `command` gate have their {@link SOCKET_HOLE} filled.
 *
 * Rejects with {@link GateError} when it does not get ready, with `AgentError` or `EngineError` when that cannot
 * be found out any more, and with the signal's reason.
 */
export async function passGate(
  gate: Gate,
  context: GateContext,
  signal: AbortSignal,
): Promise<{ note: string }> {
  signal.throwIfAborted();
  const { clock, engine, containerId } = context;
  const startedAt = clock.now();
  const sinceStart = (): string => elapsed(clock.now() - startedAt);
  const asked = questionOf(gate, context);
  const shared = sharedQuestion(asked, gate, context);
  const question = shared ?? asked;
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  try {
    const answer = await Promise.race([
      poll(
        question,
        clock,
        ({ good, words }) => context.onProgress(good ? words : `not ready yet: ${words}`),
        both,
      ),
      watchExit(engine, containerId, clock, both).then((exit) => {
        const unheard = shared?.unheard() ?? null;
        const besides = unheard === null ? '' : `; until then ${unheard}`;
        throw new GateError(`${exitInWords(exit)} after ${sinceStart()}${besides}`);
      }),
      // A try under way cannot be called off: it is left alone.
      rejectOnAbort(both),
    ]);
    return { note: `ready after ${sinceStart()}: ${answer.words}` };
  } finally {
    over.abort();
    question.close();
  }
}

function sharedQuestion(
  question: Question,
  { kind }: Gate,
  { shared, agent, clock }: GateContext,
): SharedPortQuestion | null {
  if (shared === null) return null;
  if (agent === null) throw new Error('a gate of shared ports without an agent');
  // Of the container itself the engine knows which it is.
  return sharedPortQuestion(question, shared, { agent, clock, dealt: kind !== 'engine' });
}

/** What a gate asks of one generation. */
export function questionOf(gate: Gate, context: QuestionContext): Question {
  const { engine, containerId, clock } = context;
  switch (gate.kind) {
    case 'http':
    case 'tcp':
      if (context.agent === null) throw new Error(`a gate of kind \`${gate.kind}\` without an agent`);
      return probeQuestion(gate, targetOf(gate, context), context.agent);
    case 'command':
      if (gate.command.some((word) => word.includes(SOCKET_HOLE)))
        throw new Error('a gate with an open socket hole');
      return commandQuestion(gate, engine, containerId, clock);
    case 'engine':
      return engineQuestion(gate, engine, containerId, clock);
    default:
      return unreachable(gate);
  }
}

function targetOf({ over }: HttpGate | TcpGate, { address, socketPath }: QuestionContext): ProbeTarget {
  if (over !== 'socket') return { kind: 'tcp', host: address, port: over.port };
  if (socketPath === null) throw new Error('a gate over a socket without its path');
  return { kind: 'socket', path: socketPath };
}

function exitInWords({ code }: Exit): string {
  return code === null ? 'the container was removed' : `exited with code ${code}`;
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
