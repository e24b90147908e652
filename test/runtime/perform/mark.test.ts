import { describe, expect, test } from 'vitest';

import type { InstanceKey } from '../../../src/compiler/desired/desired-state.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { mark, type Mark } from '../../../src/runtime/perform/mark.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const op: Mark = {
  kind: 'container.rename',
  target: { kind: 'existing', id: '', generation: 1 },
  name: 'app0.1.old',
};

/** A container that ended `ends` times by now, 10 ms after each start, and was to be started again each time. */
async function renamed(ends: number, runsThen: boolean, onEnd = async () => {}) {
  const clock = virtualClock();
  const engine = memoryEngine({
    clock,
    images: { 'app:1': {} },
    behaviour: (_, run) => (runsThen && run > ends ? {} : { exitAfterMs: 10, exitCode: 3 }),
  });
  return clock.run(scene());

  async function scene() {
    const config = plainConfig({ name: 'app0', image: 'app:1', restart: { name: 'always', maxRetries: 0 } });
    const id = await engine.createContainer(config);
    await engine.startContainer(id);
    await clock.sleep(10 * ends + 100 * (2 ** (ends - 1) - 1) + 1);
    const { state, restartCount } = (await engine.inspectContainer(id)) ?? {};
    expect([state, restartCount]).toEqual(['restarting', ends]);
    const note = await mark(op, id, { engine, clock, onEnd });
    const found = await engine.inspectContainer(id);
    return { note, name: found?.name, state: found?.state };
  }
}

test('one that is started again meanwhile is renamed as it runs', async () => {
  expect(await renamed(1, true)).toEqual({ note: null, name: 'app0.1.old', state: 'running' });
});

test('one that keeps ending is stopped for it, and goes on trying', async () => {
  const note = 'it keeps ending, and was stopped for this and started again';
  expect(await renamed(6, false)).toEqual({ note, name: 'app0.1.old', state: 'running' });
});

test('whoever must not have ended is not waited for', async () => {
  const onEnd = () => Promise.reject(new Error('it ended'));
  await expect(renamed(1, true, onEnd)).rejects.toThrow('it ended');
});

test('a policy is set once more when the container ends just then', async () => {
  const clock = virtualClock();
  const calls: string[] = [];
  const engine = {
    ...memoryEngine(),
    updateRestart: async (id: string, policy: string) => {
      calls.push(`${policy} of ${id}`);
      if (calls.length < 3) throw new EngineError('between-runs', 'set the policy', 'it has ended');
    },
  };
  const policy: Mark = { ...op, kind: 'container.policy', policy: 'no', maxRetries: 0 };
  await clock.run(mark(policy, 'app0', { engine, clock, onEnd: async () => {} }));
  expect(calls).toEqual(['no of app0', 'no of app0', 'no of app0']);
});

describe('one that somebody has removed meanwhile', () => {
  const gone = (what: Mark) =>
    mark(what, 'app0', { engine: memoryEngine(), clock: virtualClock(), onEnd: async () => {} });
  const created = { kind: 'created', instance: 'shop/app0' as InstanceKey, generation: 2 } as const;

  test('was to leave anyway', async () => {
    await expect(gone(op)).resolves.toBe('it is gone already');
    await expect(gone({ ...op, kind: 'container.policy', policy: 'no', maxRetries: 0 })).resolves.toBe(
      'it is gone already',
    );
  });

  test('was to serve: that fails', async () => {
    await expect(gone({ ...op, name: 'app0' })).rejects.toThrow('No such container');
    await expect(gone({ ...op, target: created, name: 'app0.2.old' })).rejects.toThrow('No such container');
  });
});
