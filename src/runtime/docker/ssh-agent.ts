import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Agent } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';

import { SshEnded } from './engine-errors.ts';
import type { Endpoint } from './host-url.ts';

/** A machine behind ssh. */
export type SshEndpoint = Endpoint & { readonly kind: 'ssh' };

/**
 * Connections through the system's own `ssh`, so that the user's configuration, keys and known hosts count:
 * `ssh HOST docker system dial-stdio` (docker's CLI 18.09 or newer on the other side). Idle connections are kept.
 */
export class SshAgent extends Agent {
  readonly #endpoint: SshEndpoint;

  constructor(endpoint: SshEndpoint, maxSockets: number) {
    super({ keepAlive: true, maxSockets });
    this.#endpoint = endpoint;
  }

  override createConnection(): Duplex {
    return new SshConnection(this.#endpoint);
  }
}

/** The arguments of `ssh` for an engine's connection. */
export function sshArguments(endpoint: SshEndpoint): readonly string[] {
  const path = endpoint.path === null ? [] : [`--host=${shellWord(`unix://${endpoint.path}`)}`];
  return sshWords(endpoint, [], ['docker', ...path, 'system', 'dial-stdio']);
}

/** The arguments of `ssh` with some options more; the command, what follows the host, is read by the shell over there. */
export function sshWords(
  endpoint: SshEndpoint,
  options: readonly string[],
  command: readonly string[],
): readonly string[] {
  return [
    // Never a question on the terminal: there may be several connections, and none of them owns it.
    ...['BatchMode=yes', 'ConnectTimeout=15', ...options].flatMap((option) => ['-o', option]),
    '-T',
    ...(endpoint.user === null ? [] : ['-l', endpoint.user]),
    ...(endpoint.port === null ? [] : ['-p', String(endpoint.port)]),
    '--',
    endpoint.host,
    ...command,
  ];
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const ERROR_BYTES = 4096;

/** One ssh process as a socket: what `http` calls on sockets is there, though most of it means nothing here. */
class SshConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = '';

  constructor(endpoint: SshEndpoint) {
    super({ allowHalfOpen: true });
    // A session of its own: Ctrl-C in the terminal must not cut the connection under a graceful stop.
    const detached = process.platform !== 'win32';
    this.#child = spawn('ssh', sshArguments(endpoint), { stdio: 'pipe', detached, windowsHide: true });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString('utf8')).slice(-ERROR_BYTES);
    });
    // A write after ssh has gone: its exit says why.
    stdin.on('error', () => undefined);
    this.#child.on('error', (error: NodeJS.ErrnoException) => {
      this.destroy(
        new SshEnded(error.code === 'ENOENT' ? 'the program `ssh` is not installed' : error.message),
      );
    });
    this.#child.on('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new SshEnded(this.#reason(code)));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // Errors of the pipe are told by ssh's exit, which follows.
    this.#child.stdin.write(chunk, () => callback());
  }

  override _final(callback: () => void): void {
    this.#child.stdin.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.kill();
    callback(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.#eachHandle('ref');
    return this;
  }

  unref(): this {
    this.#eachHandle('unref');
    return this;
  }

  #eachHandle(what: 'ref' | 'unref'): void {
    this.#child[what]();
    for (const pipe of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) {
      // Pipes of a child are sockets, though their type says only streams.
      if (pipe instanceof Socket) pipe[what]();
    }
  }

  #reason(code: number | null): string {
    const lines = this.#said
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const last = lines.slice(-3).join('; ');
    if (code === 127 || /command not found/.test(last)) return `docker's CLI is needed over there (${last})`;
    return last === '' ? `ssh ended with exit code ${String(code)}` : `ssh: ${last}`;
  }
}
