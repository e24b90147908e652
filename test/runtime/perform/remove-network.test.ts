import { expect, test } from 'vitest';

import type { NetworkRemoval } from '../../../src/runtime/engine.ts';
import { removeNetwork } from '../../../src/runtime/perform/remove-network.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** The real engine miscounts only by chance, when several containers come and go at once. */
function removed(...answers: readonly NetworkRemoval[]) {
  const clock = virtualClock();
  const rest = [...answers];
  const engine = { ...memoryEngine(), removeNetwork: async () => rest.shift() ?? 'removed' };
  return clock.run(removeNetwork('shop-visits', { engine, clock }));
}

test('a network that is free goes without a word', async () => {
  expect(await removed('removed')).toBeNull();
});

test('somebody who is just leaving is waited for', async () => {
  expect(await removed('miscounted', 'removed')).toBeNull();
});

test('an engine that counts somebody who is not there keeps it, and that is told', async () => {
  const note = await removed('miscounted', 'miscounted');
  expect(note).toMatch(/^warning: .*`docker network rm shop-visits` after the engine's next start$/);
});
