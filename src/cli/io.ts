import type { Clock } from '../runtime/clock.ts';
import type { Connection, EngineChoice } from './connection.ts';

/** What a command reads from. */
type InputStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean | undefined;
  readonly setRawMode?: ((mode: boolean) => unknown) | undefined;
  unref?: () => unknown;
};

/** What a command writes to. */
export type OutputStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

/** Signals that commands answer to; a terminal that closes counts as SIGTERM. */
export type Interruption = 'SIGINT' | 'SIGTERM';

/** The world as a command sees it; passed in, so that tests run commands in their own process. */
export interface Io {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  /** Aborted when nobody reads the output any more (`| head`); writing to it is harmless then. */
  readonly outputClosed: AbortSignal;
  /** Rejects with `EngineError`. */
  connect(choice: EngineChoice): Promise<Connection>;
  /** Calls back for every signal until the returned function is called. */
  onSignal(callback: (signal: Interruption) => void): () => void;
  /** Ends at once, without finishing anything. */
  exit(code: number): void;
}

/** What all commands share. */
export interface CommandContext {
  readonly io: Io;
  readonly options: GlobalOptions;
  /** Connects to the engine that the options choose; it is let go when the command ends. Rejects with `EngineError`. */
  connect(): Promise<Connection>;
}

/** The options that mean the same everywhere. */
export interface GlobalOptions {
  readonly name: string | null;
  readonly context: string | null;
  readonly host: string | null;
  readonly yes: boolean;
  readonly json: boolean;
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly verbose: boolean;
  /** Operations at the same time, at least 1; default 10. */
  readonly parallelism: number;
}
