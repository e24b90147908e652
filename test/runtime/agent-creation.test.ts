import { expect, test } from 'vitest';
import { EngineError } from '../../src/runtime/engine.ts';
import { desiredState } from '../support/desired.ts';
import { world } from '../support/world.ts';

test('an agent that could not be connected to a network goes, and the next apply makes it anew', async () => {
  const one = desiredState([{ name: 'app', socket: true }]);
  const desired = { ...one, networks: [...one.networks, { name: 'shop-blog', application: 'blog' }] };
  let fails = true;
  const w = world(['app:1'], {
    before: ({ method }) => {
      if (method === 'connectNetwork' && fails) throw new EngineError('server', 'connect', 'no room', 500);
    },
  });
  expect((await w.apply(desired)).at(-1)).toMatchObject({ type: 'finished', failed: 1 });
  expect(await w.engine.inspectContainer('shop-agent')).toBeNull();
  fails = false;
  expect((await w.apply(desired)).at(-1)).toMatchObject({ type: 'finished', failed: 0 });
  const networks = (await w.engine.inspectContainer('shop-agent'))?.networks ?? {};
  expect(Object.keys(networks)).toEqual(['shop', 'shop-blog']);
});
