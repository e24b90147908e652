import { Writable } from 'node:stream';
import { expect, it, vi } from 'vitest';

import { inOrder } from '../../src/cli/one-pipe.ts';

/** Two streams into one pipe that takes one write each time it is asked to. */
function pipe() {
  const arrived: string[] = [];
  const held: (() => void)[] = [];
  const stream = () =>
    new Writable({
      decodeStrings: false,
      highWaterMark: 4,
      write: (chunk: string, _encoding, done) => {
        held.push(() => {
          arrived.push(chunk);
          done();
        });
      },
    });
  const take = async () => {
    held.shift()?.();
    await new Promise(setImmediate);
  };
  const [stdout, stderr] = [stream(), stream()];
  inOrder(stdout, stderr);
  return { stdout, stderr, arrived, held, take };
}

it('what is written arrives in the order of writing, however slowly it is taken', async () => {
  const { stdout, stderr, arrived, held, take } = pipe();
  stdout.write('a');
  stdout.write('b');
  stderr.write('c');
  stdout.write('d');
  stderr.write('e', 'utf8');
  stderr.write('f');
  while (held.length > 0) await take();
  expect(arrived).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});

it('tells when it has arrived, and when more may follow', async () => {
  const { stdout, stderr, arrived, take } = pipe();
  stdout.write('long enough');
  const done = vi.fn();
  const drained = vi.fn();
  stderr.on('drain', drained);
  expect(stderr.write('c', done)).toBe(false);
  expect(drained).not.toHaveBeenCalled();
  await take();
  expect(drained).toHaveBeenCalledOnce();
  expect(done).not.toHaveBeenCalled();
  await take();
  expect(done).toHaveBeenCalledOnce();
  expect(arrived).toEqual(['long enough', 'c']);
  expect(stderr.write('d')).toBe(true);
});

it('waits for nobody whose reader is gone', async () => {
  const { stdout, stderr, arrived, held, take } = pipe();
  stdout.on('error', () => undefined);
  stdout.write('a');
  stderr.write('b');
  stdout.destroy(new Error('EPIPE'));
  await new Promise(setImmediate);
  held.shift();
  stderr.write('c');
  while (held.length > 0) await take();
  expect(arrived).toEqual(['b', 'c']);
});
