import { describe, expect, test } from 'vitest';

import { EngineError } from '../../src/runtime/engine.ts';
import type { LeaseRequest } from '../../src/runtime/agent/agent-session.ts';
import { ownMark } from '../../src/runtime/run-owner.ts';
import { desiredState, type ContainerSketch } from '../support/desired.ts';
import { world, type World } from '../support/world.ts';

const app: ContainerSketch = { name: 'app', instances: 2 };
const before = desiredState([app]);
const after = desiredState([{ ...app, env: { NEW: '1' } }]);

const bob: LeaseRequest = {
  id: 'bob',
  user: 'bob',
  host: 'there',
  mark: '',
  command: 'apply',
  since: '2026-01-01T00:00:00.000Z',
  again: false,
};

const changes = (w: World) =>
  w.engine.calls.filter(({ method }) => /^(create|start|stop|rename|remove|update)/.test(method)).length;

describe('the lock', () => {
  test('that somebody else holds: nothing is done, and it says who', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    const done = changes(w);
    w.lease.take(bob, {});
    const events = await w.apply(after);
    expect(events.find(({ type }) => type === 'locked')).toMatchObject({
      holder: { user: 'bob', host: 'there' },
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', done: 0, failed: 1 });
    expect(changes(w)).toBe(done);
    w.lease.free('bob');
    expect((await w.apply(after)).at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    expect(w.lease.holder()).toBeNull();
  });

  test('of one whose session ends a moment later is waited for', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    w.lease.take(bob, {});
    const leaving = w.clock.sleep(300).then(() => w.lease.free('bob'));
    const events = await w.apply(after);
    await leaving;
    // It may have changed something meanwhile: whoever planned before that plans again.
    expect(events.find(({ type }) => type === 'locked')).toMatchObject({ holder: null });
    expect((await w.apply(after)).at(-1)).toMatchObject({ type: 'finished', failed: 0 });
  });

  test.each(['heal', 'scale'])(
    'of a `%s` is waited for as long as that lasts, by an apply',
    async (command) => {
      const w = world(['app:1']);
      await w.apply(before);
      w.lease.take({ ...bob, command }, {});
      const upkeep = async () => {
        for (let atS = 0; atS < 60; atS += 5) {
          await w.clock.sleep(5_000);
          w.lease.goOn('bob', null);
        }
        w.lease.free('bob');
      };
      const leaving = upkeep();
      const events = await w.apply(after);
      await leaving;
      // It was planned before that: whoever asked for it plans again.
      expect(events.find(({ type }) => type === 'locked')).toMatchObject({ holder: null });
    },
  );

  test('of one that is gone from this machine is waited for until the agent misses its word', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    // No machine has so many: the highest is 4,194,304 (proc(5), pid_max).
    w.lease.take({ ...bob, mark: ownMark()?.replace(/\d+\/\d+$/, '99999999/1') ?? '' }, {});
    const leaving = w.clock.sleep(11_000).then(() => w.lease.free('bob'));
    const events = await w.apply(after);
    await leaving;
    expect(events.find(({ type }) => type === 'locked')).toMatchObject({ holder: null });
  });

  test('of an agent that is to be replaced keeps others out as well', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    const id = (await w.engine.inspectContainer('shop-agent'))?.id;
    w.lease.take(bob, {});
    const events = await w.apply(desiredState([app, { name: 'web', image: 'app:1', socket: true }]));
    expect(events.filter(({ type }) => type === 'locked')).toHaveLength(1);
    expect((await w.engine.inspectContainer('shop-agent'))?.id).toBe(id);
  });

  test('given back after the plan was made: the plan is not of what is there', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    const plan = await w.plan(after);
    await w.clock.run(w.clock.sleep(1000));
    w.lease.take(bob, {});
    w.lease.free('bob');
    const events = await w.walk(plan, after, undefined, undefined, 0);
    expect(events.find(({ type }) => type === 'locked')).toMatchObject({ holder: null });
    expect(events.at(-1)).toMatchObject({ type: 'finished', done: 0 });
  });

  test('taken away in the middle: no operation begins any more, and nothing is taken back', async () => {
    const w = world(['app:1'], {
      before: ({ line }) => {
        if (isArmed && line.startsWith('renameContainer')) {
          const holder = w.lease.holder();
          if (holder !== null) w.lease.unlock(holder.id);
          isArmed = false;
          calls = w.engine.calls.length;
        }
      },
    });
    let isArmed = false;
    let calls = 0;
    await w.apply(before);
    isArmed = true;
    const events = await w.apply(after);
    expect(events.filter(({ type }) => type === 'lock-lost')).toHaveLength(1);
    expect(events.map(({ type }) => type)).not.toContain('undo-started');
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 1 });
    const later = w.engine.calls.slice(calls + 1).map(({ method }) => method);
    expect(later.filter((method) => /^(create|start|stop|rename|remove|update)/.test(method))).toEqual([]);
    expect((await w.apply(after)).at(-1)).toMatchObject({ type: 'finished', failed: 0 });
  });

  test('of two that make the agent at the same time, one goes on, the other stops', async () => {
    const w = world(['app:1'], {
      before: ({ method, line }) => {
        if (method === 'createContainer' && line.includes('agent') && isSecond)
          throw new EngineError('conflict', 'create container', 'the name is in use', 409);
      },
    });
    const isSecond = true;
    const events = await w.apply(before);
    expect(events.find(({ type }) => type === 'locked')).toMatchObject({ holder: null });
    expect(await w.engine.listContainers([])).toEqual([]);
  });
});
