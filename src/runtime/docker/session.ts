import type { Duplex } from 'node:stream';

import type { Session } from '../engine.ts';
import { CutOff, toEngineError } from './engine-errors.ts';
import { FrameReader } from './frames.ts';
import { OutputQueue } from './output-queue.ts';
import type { Transport } from './transport.ts';

/**
 * The engine holds back what may become its keys for leaving a session (Ctrl-P Ctrl-Q, and Ctrl-P is the last line of
 * a shell) and cannot do without any: nobody types three zero bytes.
 */
export const NO_DETACH_KEYS = 'ctrl-@,ctrl-@,ctrl-@';

interface SessionOptions {
  readonly tty: boolean;
  readonly operation: string;
  readonly transport: Transport;
  readonly resize: Session['resize'];
}

/** Speaks over a connection that the engine has handed over. `ended` settles with the end of the output. */
export function openSession(
  socket: Duplex,
  options: SessionOptions,
): Session & { readonly ended: Promise<void> } {
  const { stdout, stderr, ended } = readOutput(socket, options);
  return {
    stdout,
    stderr,
    ended,
    write: (data) => writeTo(socket, data),
    endInput: () => void (socket.writable && socket.end()),
    resize: options.resize,
    destroy: () => void socket.destroy(),
  };
}

function writeTo(socket: Duplex, data: Uint8Array | string): Promise<void> {
  if (!socket.writable || socket.write(data)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}

/** Above it reading pauses, unless a reader waits: the other stream's bytes come over the same connection. */
const BUFFERED_BYTES = 1 << 20;

function readOutput(
  socket: Duplex,
  { tty, operation, transport }: Pick<SessionOptions, 'tty' | 'operation' | 'transport'>,
) {
  const balance = () => {
    const isWanted = stdout.isWanted || stderr.isWanted;
    if (!isWanted && stdout.bytes + stderr.bytes > BUFFERED_BYTES) socket.pause();
    else if (socket.isPaused()) socket.resume();
  };
  const stdout = new OutputQueue(balance);
  const stderr = new OutputQueue(balance);
  const frames = new FrameReader({ tty });
  const ended = new Promise<void>((resolve, reject) => {
    const finish = (cause: unknown) => {
      const error = cause === null ? null : toEngineError(cause, operation, transport.endpoint);
      stdout.end(error);
      stderr.end(error);
      if (error === null) resolve();
      else reject(error);
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const { stream, data } of frames.push(chunk)) (stream === 'stdout' ? stdout : stderr).push(data);
        balance();
      } catch (error) {
        socket.destroy();
        finish(error);
      }
    });
    socket.on('end', () => {
      try {
        frames.end();
        finish(null);
      } catch (error) {
        finish(error);
      }
    });
    socket.on('error', (error: Error) => finish(error));
    socket.on('close', () => finish(new CutOff()));
  });
  return { stdout, stderr, ended };
}
