import { homedir } from 'node:os';
import { isatty } from 'node:tty';
import { systemClock } from '../runtime/clock.ts';
import type { Connection, EngineChoice } from './connection.ts';
import type { Interruption, Io } from './io.ts';
import { inOrder, isOnePipe } from './one-pipe.ts';

/** This process as the world of a command. */
export function processIo(): Io {
  // Streams are made when they are asked for: most commands never read, and have nothing to complain of.
  const closed = lazily(() => new AbortController());
  // `stack plan | head`: the reader has had enough, which is no failure. Commands that go on writing stop by the
  // signal; an apply goes on, since its reader's leaving is no reason to leave a stack half-done.
  const outputs = lazily(() => {
    const { stdout: out, stderr: err } = process;
    out.on('error', () => closed().abort());
    err.on('error', () => undefined);
    if (isOnePipe(1, 2)) inOrder(out, err);
    return { out, err };
  });
  // Known where signals are listened for: who stays after a closed terminal has seen it open.
  let terminals: readonly number[] = [];
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return outputs().out;
    },
    get stderr() {
      return outputs().err;
    },
    get outputClosed() {
      return closed().signal;
    },
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    connect,
    onSignal: (callback) => {
      terminals = openTerminals();
      return onSignal(callback);
    },
    exit: (code) => leave(code, terminals),
  };
}

function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

/** dockerode and what belongs to it are loaded here, only when an engine is wanted. */
async function connect(choice: EngineChoice): Promise<Connection> {
  const [{ chooseEndpoint }, { connectEngine }] = await Promise.all([
    import('../runtime/docker/endpoint.ts'),
    import('../runtime/docker/docker-engine.ts'),
  ]);
  const endpoint = chooseEndpoint({ ...choice, home: homedir(), platform: process.platform });
  const engine = await connectEngine(endpoint);
  return {
    engine,
    remoteHost: endpoint.kind === 'socket' ? null : endpoint.host,
    socket: endpoint.kind === 'tcp' ? null : endpoint.path,
  };
}

function openTerminals(): readonly number[] {
  return [0, 1, 2].filter((fd) => isatty(fd));
}

/**
 * Node puts the settings of its terminals back as it exits, and aborts when one of them is gone. Nobody is left to
 * see the exit code then; ended by the signal, the process leaves no crash behind.
 */
function leave(code: number, terminals: readonly number[]): void {
  if (terminals.some((fd) => !isatty(fd))) {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  process.exit(code);
}

function onSignal(callback: (signal: Interruption) => void): () => void {
  // A terminal that closes (SIGHUP) asks for the same as SIGTERM: what is under way is brought to its end.
  const meanings: Readonly<Record<'SIGINT' | 'SIGTERM' | 'SIGHUP', Interruption>> = {
    SIGINT: 'SIGINT',
    SIGTERM: 'SIGTERM',
    SIGHUP: 'SIGTERM',
  };
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map(
    (signal) => [signal, () => callback(meanings[signal])] as const,
  );
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
