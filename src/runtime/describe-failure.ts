import type { Operation } from '../compiler/plan/operation.ts';
import { AgentError } from './agent/agent-session.ts';
import { BuildError } from './build/build-error.ts';
import { EngineError } from './engine.ts';
import type { Engine } from './engine.ts';
import type { Failure } from './execution-event.ts';
import { GateError } from './gate/gate-error.ts';
import { HookError } from './hooks/hook-error.ts';
import { lines } from './log-lines.ts';
import { BalancerError } from './perform/balancers.ts';
import { DrainError } from './perform/drain.ts';
import { ErrandError } from './perform/errand.ts';
import { ForerunnerError } from './perform/forerunners.ts';
import { MonitorError } from './perform/monitor.ts';
import { ProxyError } from './perform/proxies.ts';
import { ReloadError } from './perform/reload-error.ts';
import { MigrationError } from './perform/migration-error.ts';
import { helpForLog, plainWords } from './plain-words.ts';

/** Lines of a container's log that a failure shows. */
const TAIL = 20;

/** Where the container itself may say more. */
const WITH_LOG: ReadonlySet<Operation['kind']> = new Set([
  'container.start',
  'container.gate',
  'container.alive',
  'container.monitor',
]);

/**
 * Puts what went wrong into words, with the log of the container where that is likely to say more. `apart`: networks of the file
 * on which it was not at the time, since proxies would have found it there.
 */
export async function describeFailure(
  error: unknown,
  op: Operation,
  engine: Engine,
  idOf: (op: Operation) => string | null,
  apart: readonly string[] = [],
): Promise<Failure> {
  const own = WITH_LOG.has(op.kind) ? idOf(op) : null;
  const id = isOfContainer(error) ? error.containerId : own;
  const log = id === null ? [] : await logTail(engine, id);
  if (error instanceof MigrationError) {
    return {
      message: error.message,
      detail: null,
      help: `what waits for it was left as it was; ${apartWords(apart, 'it runs without')}mend the migration and apply again`,
      log: error.log,
    };
  }
  if (error instanceof HookError)
    return { message: error.message, detail: null, help: helpForHook(op), log: error.log };
  if (error instanceof BuildError)
    return { message: error.message, detail: null, help: error.help, log: error.log };
  if (error instanceof GateError) {
    const isReload = op.kind === 'container.gate' && op.reloaded === true;
    const help = isReload
      ? 'the old files come back, and it serves by them; mend the new ones and apply again'
      : (helpForLog(log) ?? helpForGate(op, apart));
    return { message: error.message, detail: null, help, log };
  }
  if (error instanceof ForerunnerError) {
    return {
      message: error.message,
      detail: null,
      help:
        helpForLog(log) ??
        'whoever is not replaced yet stays as it is, and serves; mend the new version, or put the file back, and apply again',
      log,
    };
  }
  if (error instanceof MonitorError)
    return { message: error.message, detail: null, help: helpForLog(log), log };
  if (error instanceof ReloadError) {
    return {
      message: error.message,
      detail: null,
      help: 'the old files are back, and it serves by them; mend the new ones and apply again',
      log: error.containerId === null ? error.output : log,
    };
  }
  if (error instanceof DrainError) {
    return {
      message: error.message,
      detail: null,
      help: 'the old generation was not stopped and goes on; the next apply drains it again',
      log,
    };
  }
  if (error instanceof BalancerError) {
    return {
      message: error.message,
      detail: null,
      help: 'its log and `show servers state` on its runtime socket say why; then apply again',
      log,
    };
  }
  if (error instanceof ProxyError) {
    return {
      message: error.message,
      detail: null,
      help: 'a proxy must look at the engine again when a container starts, and share a network of `networks` with it; see its log, then apply again',
      log,
    };
  }
  if (error instanceof ErrandError) {
    return {
      message: `the kernel's packet filter: ${error.message}`,
      detail: null,
      help:
        op.kind === 'ports.admit'
          ? 'new connections to it are refused until it is replaced: `stack apply --force` with its name'
          : 'it takes a kernel with nf_tables, and `nft` in the image of the agent (`stack agent build`)',
      log,
    };
  }
  if (error instanceof AgentError) {
    return {
      message: `the agent: ${error.message}`,
      detail: null,
      help: 'see `stack agent status`, then apply again',
      log,
    };
  }
  if (error instanceof EngineError) return { ...(lacksSocket(error, op) ?? plainWords(error)), log };
  const message = error instanceof Error ? error.message : String(error);
  return { message, detail: null, help: null, log };
}

/** The one thing in such an agent that may be wrong is where the engine's socket is. */
function lacksSocket(error: EngineError, op: Operation): Omit<Failure, 'log'> | null {
  const socket = op.kind === 'agent.create' ? op.agent.engineSocket : undefined;
  if (socket === undefined || error.kind !== 'invalid') return null;
  return {
    message: `the engine's host has no socket of the engine at \`${socket}\``,
    detail: error.message,
    help: '`agent: { engine_socket: PATH }` in the stack file says where it is there; no job runs until an apply has made this agent',
  };
}

/** One that this apply has not made would be asked again and again: nothing else is planned for what the file names. */
function helpForGate(op: Operation, apart: readonly string[]): string | null {
  if (op.kind !== 'container.gate') return null;
  if (op.target.kind === 'existing' && op.made === undefined)
    return `an earlier apply made it; \`stack apply --force ${op.instance}\` makes a new one in its place`;
  const words = apartWords(apart, 'until it is ready it is not on');
  return words === '' ? null : `${words}\`stack logs ${op.instance}\`, fix the cause, and apply again`;
}

/** Empty, or to be followed by more. */
function apartWords(networks: readonly string[], without: string): string {
  if (networks.length === 0) return '';
  const names = networks.map((name) => `\`${name}\``).join(' and ');
  return `${without} ${names}, where proxies would find it, and what it needs must be on its application's own network; `;
}

function helpForHook(op: Operation): string {
  const left =
    op.kind === 'hook.run' && op.hook === 'shutdown' ? 'nothing was removed' : 'nothing was changed';
  return `${left}, and all serves as before; mend what it says, then the same command again (\`--skip-hooks\` does it without hooks)`;
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

function isOfContainer(error: unknown): error is ForerunnerError | MonitorError | ReloadError {
  return error instanceof ForerunnerError || error instanceof MonitorError || error instanceof ReloadError;
}
