import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';

type Done = (error: Error | null | undefined) => void;

/** Whether two descriptors lead into the same pipe or socket, as with `2>&1 |`. */
export function isOnePipe(one: number, other: number): boolean {
  try {
    const [a, b] = [fstatSync(one), fstatSync(other)];
    return (a.isFIFO() || a.isSocket()) && a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}

/**
 * What is written to two streams into one pipe arrives in the order of writing: a pipe that is full takes nothing, and each
 * stream keeps its own until it does, so that one would be overtaken by the other.
 */
export function inOrder(one: Writable, other: Writable): void {
  const waiting: { readonly stream: Writable; readonly behind: Writable; readonly write: () => boolean }[] =
    [];
  const goOn = (): void => {
    for (let [next] = waiting; next !== undefined && isFree(next.behind); [next] = waiting) {
      waiting.shift();
      // Whoever was told to wait for it.
      if (next.write()) next.stream.emit('drain');
    }
  };
  const order = (stream: Writable, behind: Writable): void => {
    const plain: (chunk: unknown, encoding: BufferEncoding, done: Done) => boolean =
      stream.write.bind(stream);
    const write = (chunk: unknown, encoding?: BufferEncoding | Done, done?: Done): boolean => {
      const tell = typeof encoding === 'function' ? encoding : done;
      const now = (): boolean =>
        plain(chunk, typeof encoding === 'string' ? encoding : 'utf8', (error) => {
          tell?.(error);
          goOn();
        });
      if (waiting.length === 0 && isFree(behind)) return now();
      waiting.push({ stream, behind, write: now });
      return false;
    };
    stream.once('close', goOn);
    Object.assign(stream, { write });
  };
  order(one, other);
  order(other, one);
}

/** Nothing of it is on its way. */
function isFree({ writableLength, destroyed }: Writable): boolean {
  return writableLength === 0 || destroyed;
}
