import type { Session } from '../runtime/engine.ts';
import type { Io, OutputStream } from './io.ts';

/**
 * Passes input on and copies output until that ends, or until nobody reads it any more: then the session is cut.
 * With `tty`, each key goes over as it is, Ctrl-C too, and the size of the terminal. `onKeys` sees what is typed then.
 */
export async function converse(
  io: Io,
  session: Session,
  { tty, onKeys }: { readonly tty: boolean; readonly onKeys?: (keys: Buffer | string) => void },
): Promise<void> {
  const { stdin, stdout } = io;
  const resize = () => {
    // Some terminals do not know their size and say 0. A command that has ended has none left to resize.
    session.resize(stdout.columns || 80, stdout.rows || 24).catch(() => undefined);
  };
  const send = (data: Buffer | string) => {
    if (tty) onKeys?.(data);
    // What the other side has not taken stays where it comes from.
    stdin.pause();
    void session.write(data).then(() => isOver || stdin.resume());
  };
  let isOver = false;
  const end = () => session.endInput();
  const cut = () => session.destroy();
  io.outputClosed.addEventListener('abort', cut);
  stdin.on('data', send);
  stdin.once('end', end);
  if (tty) {
    stdin.setRawMode?.(true);
    stdout.on('resize', resize);
    resize();
  }
  try {
    await Promise.all([
      copy(session.stdout, stdout, io.outputClosed),
      copy(session.stderr, io.stderr, io.outputClosed),
    ]);
  } finally {
    isOver = true;
    if (tty) {
      stdin.setRawMode?.(false);
      stdout.off('resize', resize);
    }
    stdin.off('data', send);
    stdin.off('end', end);
    stdin.pause();
    io.outputClosed.removeEventListener('abort', cut);
    session.destroy();
  }
}

async function copy(from: AsyncIterable<Uint8Array>, to: OutputStream, closed: AbortSignal): Promise<void> {
  try {
    for await (const data of from) {
      // One chunk at a time: what a slow reader has not taken stays in the engine.
      if (!to.write(data)) await drained(to, closed);
      if (closed.aborted) return;
    }
  } catch (error) {
    if (!closed.aborted) throw error;
  }
}

function drained(stream: OutputStream, closed: AbortSignal): Promise<void> {
  return new Promise((ready) => {
    const done = () => {
      stream.off('drain', done);
      closed.removeEventListener('abort', done);
      ready();
    };
    stream.once('drain', done);
    // A reader that left never drains.
    closed.addEventListener('abort', done);
  });
}
