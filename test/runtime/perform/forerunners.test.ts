import { expect, test } from 'vitest';

import type { ContainerKey } from '../../../src/compiler/desired/desired-state.ts';
import { Forerunners } from '../../../src/runtime/perform/forerunners.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const key = 'shop/app' as ContainerKey;

/** What is said of one that was ready, `laterMs` after its start. */
async function said(exitAfterMs: number | null, restart: 'no' | 'always', laterMs: number) {
  const clock = virtualClock();
  const engine = memoryEngine({
    clock,
    images: { app: {} },
    behaviour: () => (exitAfterMs === null ? {} : { exitAfterMs, exitCode: 3 }),
  });
  const id = await engine.createContainer(plainConfig({ name: 'shop-app0', image: 'app' }));
  await engine.startContainer(id);
  await engine.updateRestart(id, restart, 0);
  const forerunners = new Forerunners();
  forerunners.add(key, { id, instance: 'app0', generation: 2 });
  await clock.run(clock.sleep(laterMs));
  const demand = async () => {
    try {
      await forerunners.demandAlive(key, engine);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  };
  const before = await demand();
  forerunners.takenBack(id);
  expect(await demand()).toBe(`${NAMED}was taken back`);
  return before;
}

const NAMED = 'generation 2 of `app0`, which was replaced before, ';

test.each<[string, Parameters<typeof said>, string | null]>([
  ['one that runs', [null, 'always', 5000], null],
  ['one that has ended', [100, 'no', 150], 'has ended with code 3'],
  [
    'one that is down for a moment',
    [100, 'always', 150],
    'has ended with code 3 and waits to be started again',
  ],
  [
    'one that ends again and again',
    [100, 'always', 550],
    'has ended with code 3 and was started again (2 times)',
  ],
  ['one that is up again', [100, 'always', 250], 'has ended with code 3 and was started again'],
])('%s', async (_, given, words) => {
  expect(await said(...given)).toBe(words === null ? null : NAMED + words);
});

test('others of another container do not count', async () => {
  const engine = memoryEngine({ images: { app: {} } });
  const forerunners = new Forerunners();
  forerunners.add(key, { id: 'gone', instance: 'app0', generation: 2 });
  await forerunners.demandAlive('shop/web' as ContainerKey, engine);
  await expect(forerunners.demandAlive(key, engine)).rejects.toThrow(`${NAMED}was removed`);
});
