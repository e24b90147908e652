import { PassThrough } from 'node:stream';
import type { Io, Interruption } from '../../src/cli/io.ts';
import { main } from '../../src/cli/program.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EngineError, type Engine } from '../../src/runtime/engine.ts';

/** What a test says of the world of a command. */
export interface CliOptions {
  readonly cwd: string;
  /** Absent: nobody answers. */
  readonly engine?: Engine;
  readonly env?: Readonly<Record<string, string>>;
  /** Terminals on all sides, or on these. */
  readonly terminal?: boolean | readonly ('stdin' | 'stdout' | 'stderr')[];
  /** What is typed, or piped in. */
  readonly input?: string;
}

/** A command that ended. */
export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCli {
  readonly done: Promise<CliResult>;
  readonly signal: (signal: Interruption) => void;
  /** Types into its terminal. */
  readonly type: (text: string) => void;
  /** What it has written so far. */
  readonly texts: { readonly stdout: string; readonly stderr: string };
}

/** Runs `stack` in this process. */
export async function stack(words: readonly string[], options: CliOptions): Promise<CliResult> {
  return startStack(words, options).done;
}

/** The same, for tests that send signals meanwhile. */
export function startStack(words: readonly string[], options: CliOptions): RunningCli {
  const isTerminal = (name: 'stdin' | 'stdout' | 'stderr') =>
    typeof options.terminal === 'object' ? options.terminal.includes(name) : options.terminal === true;
  const texts = { stdout: '', stderr: '' };
  const listeners = new Set<(signal: Interruption) => void>();
  const output = (name: keyof typeof texts) => {
    const stream = new PassThrough();
    stream.on('data', (data: Buffer) => {
      texts[name] += data.toString();
    });
    return Object.assign(stream, { isTTY: isTerminal(name), columns: 100, rows: 30 });
  };
  const stdin = Object.assign(new PassThrough(), { isTTY: isTerminal('stdin') });
  if (options.input !== undefined) stdin.write(options.input);
  if (!isTerminal('stdin')) stdin.end();
  const io: Io = {
    stdin,
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: { TERM: 'dumb', ...options.env },
    cwd: options.cwd,
    clock: systemClock,
    outputClosed: new AbortController().signal,
    connect: () =>
      options.engine === undefined
        ? Promise.reject(new EngineError('unreachable', 'connect', 'nobody answers'))
        : Promise.resolve({ engine: options.engine, remoteHost: null }),
    onSignal: (callback) => {
      listeners.add(callback);
      return () => listeners.delete(callback);
    },
    exit: (code) => {
      throw new Error(`left at once with ${code}`);
    },
  };
  return {
    done: main(words, io, '1.2.3').then(async (code) => {
      // What was written last is still on its way through the streams.
      await new Promise(setImmediate);
      return { code, ...texts };
    }),
    type: (text) => stdin.write(text),
    texts,
    signal: (signal) => {
      for (const listener of listeners) listener(signal);
    },
  };
}
