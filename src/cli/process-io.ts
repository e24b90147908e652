import { homedir } from 'node:os';
import { systemClock } from '../runtime/clock.ts';
import type { Connection, EngineChoice } from './connection.ts';
import type { Interruption, Io } from './io.ts';

/** This process as the world of a command. */
export function processIo(): Io {
  const closed = new AbortController();
  // `stack plan | head`: the reader has had enough, which is no failure. Commands that go on writing stop by the
  // signal; an apply goes on, since its reader's leaving is no reason to leave a stack half-done.
  process.stdout.on('error', () => closed.abort());
  process.stderr.on('error', () => undefined);
  return {
    // Made when it is asked for: most commands never read.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    clock: systemClock,
    outputClosed: closed.signal,
    connect,
    onSignal,
    exit: (code) => process.exit(code),
  };
}

/** dockerode and what belongs to it are loaded here, only when an engine is wanted. */
async function connect(choice: EngineChoice): Promise<Connection> {
  const [{ chooseEndpoint }, { connectEngine }] = await Promise.all([
    import('../runtime/docker/endpoint.ts'),
    import('../runtime/docker/docker-engine.ts'),
  ]);
  const endpoint = chooseEndpoint({ ...choice, home: homedir(), platform: process.platform });
  const engine = await connectEngine(endpoint);
  return { engine, remoteHost: endpoint.kind === 'socket' ? null : endpoint.host };
}

function onSignal(callback: (signal: Interruption) => void): () => void {
  const signals: readonly Interruption[] = ['SIGINT', 'SIGTERM'];
  const listeners = signals.map((signal) => [signal, () => callback(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}
