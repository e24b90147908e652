import type { Operation } from '../compiler/plan/operation.ts';
import { unreachable } from '../compiler/unreachable.ts';
import { AgentError } from './agent/agent-session.ts';
import { EngineError } from './engine.ts';
import type { Engine } from './engine.ts';
import type { Failure } from './execution-event.ts';
import { GateError } from './gate/gate-error.ts';
import { lines } from './log-lines.ts';
import { MigrationError } from './perform/migration-error.ts';

/** Lines of a container's log that a failure shows. */
const TAIL = 20;

/** Puts what went wrong into words, with the log of the container where that is likely to say more. */
export async function describeFailure(
  error: unknown,
  op: Operation,
  engine: Engine,
  idOf: (op: Operation) => string | null,
): Promise<Failure> {
  const id = op.kind === 'container.gate' || op.kind === 'container.start' ? idOf(op) : null;
  const log = id === null ? [] : await logTail(engine, id);
  if (error instanceof MigrationError) {
    return {
      message: error.message,
      help: 'what waits for it was left as it was; mend the migration and apply again',
      log: error.log,
    };
  }
  if (error instanceof GateError) return { message: error.message, help: null, log };
  if (error instanceof AgentError) {
    return {
      message: `the agent: ${error.message}`,
      help: 'see `stack agent status`, then apply again',
      log,
    };
  }
  if (error instanceof EngineError) return { message: error.message, help: helpFor(error), log };
  const message = error instanceof Error ? error.message : String(error);
  return { message, help: null, log };
}

function helpFor(error: EngineError): string | null {
  switch (error.kind) {
    case 'unreachable':
    case 'cut-off':
    case 'timeout':
      return 'what was under way may or may not have happened: `stack plan` shows what is there, `stack apply` goes on';
    case 'denied':
      return 'check the credentials in `docker.registries`, or `docker login`';
    case 'not-found':
    case 'conflict':
    case 'invalid':
    case 'server':
    case 'nonsense':
      return null;
    default:
      return unreachable(error.kind);
  }
}

async function logTail(engine: Engine, id: string): Promise<readonly string[]> {
  const tail: string[] = [];
  try {
    const signal = AbortSignal.timeout(5_000);
    for await (const line of lines(
      engine.logs(id, { tail: TAIL, follow: false, timestamps: false, signal }),
    )) {
      tail.push(line);
    }
  } catch {
    // The log is a help; that it cannot be had is not what failed.
  }
  return tail;
}
