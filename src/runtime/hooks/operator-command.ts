import { spawn, type ChildProcess } from 'node:child_process';

import type { Clock } from '../clock.ts';
import type { LogChunk } from '../engine.ts';
import { EventQueue } from '../event-queue.ts';
import { GRACE_S, type Running } from './running.ts';

/**
 * Starts a command on the operator's side, no shell between and no input, in a process group of its own: what it has started
 * itself ends with it when it is ended.
 */
export function startCommand(
  command: readonly string[],
  where: { readonly folder: string; readonly env: NodeJS.ProcessEnv; readonly clock: Clock },
): Running {
  const [program = '', ...words] = command;
  const child = started(program, words, where);
  if (child instanceof Error) return neverRan(reasonOf(program, child));
  const exit = new Promise<string | null>((settle) => {
    child.once('error', (error) => settle(reasonOf(program, error)));
    child.once('exit', (code, signal) =>
      settle(
        code === 0
          ? null
          : code === null
            ? `was ended by ${signal ?? 'a signal'}`
            : `exited with code ${code}`,
      ),
    );
  });
  const kill = () => signalGroup(child, 'SIGKILL');
  return {
    exit,
    output: outputOf(child),
    end: async () => {
      signalGroup(child, 'SIGTERM');
      const over = new AbortController();
      await Promise.race([exit, where.clock.sleep(GRACE_S * 1000, over.signal).catch(() => undefined)]);
      over.abort();
      // Whoever of the group has outlived it.
      kill();
      await exit;
    },
    kill,
    release: async () => {
      // What it has left running in the background may go on, and is not listened to any more.
      child.stdout.destroy();
      child.stderr.destroy();
      return Promise.resolve();
    },
  };
}

/** Some of what cannot be run is told at once: no name, a folder that is none, too many words. */
function started(
  program: string,
  words: readonly string[],
  { folder, env }: { readonly folder: string; readonly env: NodeJS.ProcessEnv },
) {
  try {
    return spawn(program, words, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return error;
  }
}

function neverRan(why: string): Running {
  const output = new EventQueue<LogChunk>();
  output.end();
  const nothing = () => Promise.resolve();
  return { exit: Promise.resolve(why), output, end: nothing, kill: () => undefined, release: nothing };
}

function outputOf({ stdout, stderr }: ChildProcess): AsyncIterable<LogChunk> {
  const chunks = new EventQueue<LogChunk>();
  const streams = { stdout, stderr } as const;
  let open = 2;
  for (const stream of ['stdout', 'stderr'] as const) {
    streams[stream]?.on('data', (data: Buffer) => chunks.push({ stream, data }));
    streams[stream]?.once('close', () => {
      open -= 1;
      if (open === 0) chunks.end();
    });
  }
  return chunks;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of it is left.
  }
}

function reasonOf(program: string, error: Error): string {
  const code = 'code' in error ? error.code : undefined;
  if (program === '') return 'cannot be run: its command is empty';
  if (code === 'ENOENT') return `cannot be run: there is no \`${program}\``;
  if (code === 'EACCES') return `cannot be run: \`${program}\` may not be run by this user (\`chmod +x\`?)`;
  return `cannot be run: ${error.message}`;
}
