import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import type { SecretSource } from '../../compiler/spec/stack-spec.ts';
import { unreachable } from '../../compiler/unreachable.ts';

/** What a secret is read with. */
export interface SecretReader {
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The stack file's folder: relative paths and commands start there. */
  readonly folder: string;
  /** For commands, in milliseconds; default 30,000. */
  readonly limitMs?: number;
}

const COMMAND_LIMIT_MS = 30_000;

/** Larger than any key or certificate chain, and small enough to hold. */
const LARGEST_BYTES = 1024 * 1024;

/** A secret, or why it cannot be had: the error never holds what a file or a program gave. */
export type SecretValue = { readonly value: string } | { readonly error: string };

/** Reads one secret. A single trailing newline of a file or a command's output is not part of it. */
export async function readSecret(source: SecretSource, reader: SecretReader): Promise<SecretValue> {
  switch (source.kind) {
    case 'env': {
      const value = reader.env[source.name];
      return value === undefined ? { error: `the variable \`${source.name}\` is not set` } : { value };
    }
    case 'file':
      return readSecretFile(resolve(reader.folder, source.path), source.path);
    case 'command':
      return runSecretCommand(source.command, reader);
    default:
      return unreachable(source);
  }
}

async function readSecretFile(path: string, written: string): Promise<SecretValue> {
  try {
    // Loaded here: few files have secrets of this kind, and a short command would wait for it.
    const { readFile } = await import('node:fs/promises');
    return checked(await readFile(path), `\`${written}\``);
  } catch (error) {
    return { error: `the file \`${written}\` ${reasonOf(error)}` };
  }
}

/**
 * Runs the program itself, no shell between. Its standard error may repeat what it decrypts, so neither output
 * is ever shown: the exit code has to do.
 */
function runSecretCommand(command: readonly string[], reader: SecretReader): Promise<SecretValue> {
  const [program, ...words] = command;
  if (program === undefined) return Promise.resolve({ error: 'its command is empty' });
  const limitMs = reader.limitMs ?? COMMAND_LIMIT_MS;
  return new Promise((settle) => {
    const child = execFile(
      program,
      words,
      {
        cwd: reader.folder,
        env: { ...reader.env },
        encoding: 'buffer',
        timeout: limitMs,
        killSignal: 'SIGKILL',
        maxBuffer: LARGEST_BYTES,
      },
      (error, stdout) => {
        if (error === null) settle(checked(stdout, `the output of \`${program}\``));
        else if (error.killed === true && error.code === null) {
          settle({ error: `\`${program}\` did not end within ${limitMs / 1000} s` });
        } else settle({ error: `\`${program}\` ${reasonOf(error)}` });
      },
    );
    // A program that asks for a passphrase ends at once instead of waiting for its limit.
    child.stdin?.end();
  });
}

function checked(bytes: Buffer, what: string): SecretValue {
  if (bytes.length > LARGEST_BYTES) return { error: `${what} is larger than 1 MiB` };
  const value = bytes.toString('utf8').replace(/\r?\n$/, '');
  if (value.includes('\0')) return { error: `${what} holds a NUL byte` };
  return { value };
}

/** In our own words: the message of a failed `execFile` repeats standard error. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const signal = error instanceof Error && 'signal' in error ? error.signal : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES') return 'may not be read or run by this user';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'gave more than 1 MiB';
  if (typeof code === 'number') return `ended with exit code ${code}`;
  if (typeof signal === 'string') return `was ended by ${signal}`;
  return `failed (${typeof code === 'string' ? code : 'unknown reason'})`;
}
