import { describe, expect, test } from 'vitest';

import type { Gate } from '../../../src/compiler/desired/desired-state.ts';
import { GateError } from '../../../src/runtime/gate/gate-error.ts';
import type { Listener } from '../../../src/runtime/agent/agent-session.ts';
import { answers, failing, passing } from '../../support/gate-scene.ts';

// Both generations answer at the port: the question must not take the old one for the new one.

const HTTP: Gate = {
  kind: 'http',
  over: { port: 80 },
  path: '/ping',
  status: [[100, 499]],
  timeoutMs: 2000,
  intervalMs: 50,
  limitMs: 10_000,
};
const ENGINE: Gate = { kind: 'engine', limitMs: 10_000, uptimeMs: 1000 };

const on80 = (...inodes: readonly number[]): readonly Listener[] =>
  inodes.map((inode) => ({ port: 80, inode }));
const shared = { ports: [80], before: on80(1) };
const UNHEARD =
  'nothing new listens on port 80 of the host: both generations need `SO_REUSEPORT` and the same user, and haproxy no `-x`';

describe('a gate of a port that the old generation listens on too', () => {
  test('asks nobody before somebody new listens, and then ten times', async () => {
    const { asked, note, progress } = await passing(HTTP, {
      shared,
      listening: (at) => (at < 300 ? on80(1) : on80(1, 2)),
      server: () => answers(200),
    });
    expect(asked.map(({ at }) => at)).toEqual(Array.from({ length: 10 }, () => 300));
    expect(progress).toEqual([`not ready yet: ${UNHEARD}`]);
    expect(note).toBe('ready after 300 ms: 200 from GET /ping, 10 times in a row');
  });

  test.each([
    ['eight old workers, one new one', on80(1, 2, 3, 4, 5, 6, 7, 8), on80(9), 59],
    ['one old worker, eight new ones', on80(1), on80(2, 3, 4, 5, 6, 7, 8, 9), 4],
    ['none is left of the old one', [], on80(9), 2],
  ])('asks by how the kernel deals the connections out: %s', async (_, before, after, times) => {
    const { asked } = await passing(HTTP, {
      shared: { ports: [80], before },
      listening: () => [...before, ...after],
      server: () => answers(200),
    });
    expect(asked).toHaveLength(times);
  });

  test('begins anew after one bad answer, whoever gave it', async () => {
    let count = 0;
    const { asked } = await passing(HTTP, {
      shared,
      listening: () => on80(1, 2),
      server: () => {
        count += 1;
        return answers(count === 7 ? 503 : 200);
      },
    });
    expect(asked.map(({ at }) => at)).toEqual([...Array(7).fill(0), ...Array(10).fill(50)]);
  });

  test('wants somebody new on each of several ports', async () => {
    const before = [...on80(1), { port: 8404, inode: 2 }];
    const { error } = await failing(HTTP, {
      shared: { ports: [80, 8404], before },
      listening: () => [...before, ...on80(3)],
      server: () => answers(200),
    });
    expect(error.message).toContain('nothing new listens on port 8404 of the host');
  });

  test('gives up where nobody new ever listens', async () => {
    await expect(
      failing(HTTP, { shared, listening: () => on80(1), server: () => answers(200) }),
    ).resolves.toEqual({ error: new GateError(`not ready after 10 s: last error ${UNHEARD}`), at: 10_000 });
  });

  test('gives up in the middle of a row at its limit', async () => {
    const { error, at } = await failing(HTTP, {
      shared,
      listening: () => on80(1, 2),
      server: () => ({ result: answers(200), tookMs: 1500 }),
    });
    expect(error.message).toBe('not ready after 10 s: last answer 200 from GET /ping, 7 of 10 times');
    expect(at).toBeLessThanOrEqual(10_500);
  });

  test('says of one that ends whether it got as far as to listen', async () => {
    const exit = { at: 400, code: 1 };
    const scene = { shared, server: () => answers(503), exit };
    await expect(failing(HTTP, { ...scene, listening: () => on80(1) })).resolves.toMatchObject({
      error: { message: `exited with code 1 after 400 ms; until then ${UNHEARD}` },
    });
    await expect(failing(HTTP, { ...scene, listening: () => on80(1, 2) })).resolves.toMatchObject({
      error: { message: 'exited with code 1 after 400 ms' },
    });
  });

  test('asks the engine once: it knows which one it speaks of', async () => {
    const { note } = await passing(ENGINE, { shared, listening: () => on80(1, 2) });
    expect(note).toMatch(/^ready after [\d.]+ s: ran for 1 s$/);
    await expect(failing(ENGINE, { shared, listening: () => on80(1) })).resolves.toMatchObject({
      error: { message: expect.stringContaining(UNHEARD) },
    });
  });
});
