import { expect, test } from 'vitest';

import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import type { ApplyCommand } from '../../src/compiler/journal/record.ts';
import { DeployResults } from '../../src/runtime/notify/deploy-result.ts';
import { desiredState, type ContainerSketch } from '../support/desired.ts';
import { world, type World } from '../support/world.ts';

const notifications = [{ kind: 'slack', url: 'https://slack.example', channel: null }] as const;

function app(more: Partial<ContainerSketch> = {}) {
  return desiredState([
    { name: 'app', instances: 2, notifications, ...more },
    { name: 'silent', image: more.image ?? 'app:1' },
  ]);
}

async function told(shop: World, desired: ReturnType<typeof app>, command: ApplyCommand = 'apply') {
  const plan = await shop.plan(desired);
  const results = new DeployResults(plan, desired, { command, isBack: command === 'rollback' });
  for (const event of await shop.walk(plan, desired)) results.note(event);
  return results.all().map(({ container, event, instances, error }) => ({
    name: container.name,
    event,
    instances,
    error,
  }));
}

/** A second version, whose instances of these names end at once. */
function shopWith(...ending: readonly string[]): World {
  return world(['app:1', 'app:2'], {
    behaviour: ({ env, name }) =>
      env.includes('NEW=1') && ending.some((one) => name.includes(one))
        ? { exitAfterMs: 5, exitCode: 3 }
        : {},
  });
}

test('success is told of whom somebody wants to hear, and of nobody when nothing was done', async () => {
  const shop = shopWith();
  const all = { name: 'app', event: 'success', instances: ['app0', 'app1'], error: null };
  expect(await told(shop, app())).toEqual([all]);
  expect(await told(shop, app())).toEqual([]);
  expect(await told(shop, app({ env: { NEW: '1' } }))).toEqual([all]);
  expect(await told(shop, app(), 'rollback')).toEqual([{ ...all, event: 'rollback' }]);
});

test('of a healing only that it failed', async () => {
  const shop = shopWith('app0');
  await shop.apply(app());
  for (const name of ['app0', 'app1']) await shop.engine.removeContainer(`shop-${name}`);
  expect(await told(shop, app(), 'heal')).toEqual([]);
  await shop.engine.stopContainer('shop-app1', 0);
  expect(await told(shop, app(), 'heal')).toEqual([]);
  expect(await told(shop, app({ env: { NEW: '1' } }), 'heal')).toMatchObject([{ event: 'failure' }]);
});

test('of a scaling only that it failed, up or down', async () => {
  const shop = shopWith('app2');
  await shop.apply(app());
  expect(await told(shop, app({ instances: 1 }), 'scale')).toEqual([]);
  expect(await told(shop, app({ instances: 2 }), 'scale')).toEqual([]);
  expect(await told(shop, app({ instances: 3, env: { NEW: '1' } }), 'scale')).toMatchObject([
    { instances: ['app2'], error: expect.stringContaining('exited with code 3') },
  ]);
});

test('the first one that fails is a failure: nothing has gone back', async () => {
  const shop = shopWith('app0');
  await shop.apply(app());
  expect(await told(shop, app({ env: { NEW: '1' } }))).toMatchObject([
    { event: 'failure', error: expect.stringContaining('exited with code 3') },
  ]);
});

test('a later one takes the others back', async () => {
  const shop = shopWith('app1');
  await shop.apply(app());
  expect(await told(shop, app({ env: { NEW: '1' } }))).toMatchObject([
    { event: 'rollback', error: expect.stringContaining('exited with code 3') },
  ]);
});

test('what has gone back only in part, or not cleanly, is a failure', async () => {
  const shop = shopWith('app1');
  await shop.apply(app());
  const desired = app({ env: { NEW: '1' } });
  const plan = await shop.plan(desired);
  const events = await shop.walk(plan, desired);
  const eventOf = (seen: readonly ExecutionEvent[]) => {
    const results = new DeployResults(plan, desired, { command: 'apply', isBack: false });
    for (const event of seen) results.note(event);
    return results.all()[0]?.event;
  };
  expect(eventOf(events)).toBe('rollback');
  const last = events.findLastIndex(({ type }) => type === 'node-finished');
  expect(eventOf(events.slice(0, last))).toBe('failure');
  const failures = [{ message: 'no', detail: null, help: null, log: [] }];
  expect(eventOf(events.map((e) => (e.type === 'undo-finished' ? { ...e, failures } : e)))).toBe('failure');
});

test.each([
  { onFailure: 'continue' },
  { onFailure: 'pause' },
  { canary: { instances: 2, bakeMs: 0 } },
] as const)('with %j a success is one; failed requests make it none', async (rollout) => {
  const shop = shopWith();
  await shop.apply(app({ instances: 4, rollout }));
  const desired = app({ instances: 4, rollout, env: { NEW: '1' } });
  const plan = await shop.plan(desired);
  const results = new DeployResults(plan, desired, { command: 'apply', isBack: false });
  for (const event of await shop.walk(plan, desired)) results.note(event);
  expect(results.all()).toMatchObject([{ event: 'success', error: null }]);
  results.blame('requests failed');
  expect(results.all()).toMatchObject([{ event: 'failure', error: 'requests failed' }]);
});

test('one that waited in vain for another is a failure', async () => {
  const shop = shopWith('base');
  const both = (env: Record<string, string>) =>
    desiredState([
      { name: 'base', env },
      { name: 'app', env, after: ['base'], notifications },
    ]);
  await shop.apply(both({}));
  expect(await told(shop, both({ NEW: '1' }))).toMatchObject([
    { name: 'app', event: 'failure', error: expect.stringContaining('waited for') },
  ]);
});

test('an apply that was cut off has not succeeded, and one that never began is told nobody', async () => {
  const shop = shopWith();
  const desired = app();
  const plan = await shop.plan(desired);
  const refused = new DeployResults(plan, desired, { command: 'apply', isBack: false });
  refused.note({ type: 'locked', atMs: 0, holder: null });
  expect(refused.all()).toEqual([]);
  const cut = new DeployResults(plan, desired, { command: 'apply', isBack: false });
  cut.note({ type: 'begun', atMs: 0, revision: 7 });
  expect(cut.revision).toBe(7);
  expect(cut.all()).toMatchObject([{ event: 'failure', error: 'the apply was ended before it was done' }]);
});
