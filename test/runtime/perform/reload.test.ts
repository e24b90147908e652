import { expect, test } from 'vitest';

import type { Gate, HttpGate } from '../../../src/compiler/desired/desired-state.ts';
import { reloadGate } from '../../../src/compiler/reconcile/reload.ts';
import { STAMP } from '../../../src/runtime/files/stamp.ts';
import { desiredState, type ContainerSketch } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';
import { world } from '../../support/world.ts';

const CONF = '/etc/app.conf';

function app(text: string, more: Partial<ContainerSketch> = {}) {
  return desiredState([{ name: 'app', instances: 2, files: { [CONF]: text }, reload: [CONF], ...more }]);
}

async function content(engine: ReturnType<typeof world>['engine'], name: string): Promise<string> {
  const id = (await engine.findContainer(name))?.id ?? '';
  const file = await engine.fetchFile(id, CONF);
  return file?.kind === 'file' ? Buffer.from(file.content).toString() : 'nothing';
}

test('files are put there before the start; a stack without any asks for none', async () => {
  const calls: string[] = [];
  const shop = world(['app:1'], {
    before: ({ method, line }) => {
      if (!line.includes('agent')) calls.push(method);
    },
  });
  await shop.apply(app('one'));
  expect(
    calls.filter((method) => /createContainer|putFiles|startContainer/.test(method)).slice(0, 2),
  ).toEqual(['createContainer', 'createContainer']);
  expect(calls.indexOf('putFiles')).toBeLessThan(calls.indexOf('startContainer'));
  expect(await content(shop.engine, 'shop-app1')).toBe('one');
  expect((await shop.plan(app('one'))).nodes).toEqual([]);
  const bare = world(['app:1'], { before: ({ method }) => calls.push(method) });
  calls.length = 0;
  await bare.apply(desiredState([{ name: 'app' }]));
  await bare.plan(desiredState([{ name: 'app' }]));
  expect(calls).not.toContain('fetchFile');
  expect(calls).not.toContain('putFiles');
});

test('other contents are reloaded, one instance after the other', async () => {
  const shop = world(['app:1']);
  await shop.apply(app('one'));
  const next = await shop.plan(app('two'));
  expect(next.changes.map(({ action, reasons }) => [action, reasons])).toEqual(
    [0, 1].map(() => [
      'reload',
      [{ kind: 'field', field: `files ${CONF}`, from: null, to: 'changed (1 line)' }],
    ]),
  );
  const nodes = next.nodes.filter(({ op }) => op.kind !== 'checkpoint');
  expect(nodes.map(({ id, op, after }) => [id, op.kind, after])).toEqual([
    ['shop/app0 reload 1', 'files.reload', []],
    ['shop/app0 gate 1', 'container.gate', ['shop/app0 reload 1']],
    ['shop/app0 settle 1', 'files.settle', ['shop/app0 gate 1']],
    ['shop/app1 reload 1', 'files.reload', ['shop/app0 settle 1']],
    ['shop/app1 gate 1', 'container.gate', ['shop/app1 reload 1']],
    ['shop/app1 settle 1', 'files.settle', ['shop/app1 gate 1']],
  ]);
  expect(planText(next)).not.toContain('two');
});

test('without a way to reload, or with anything else that differs, it is replaced', async () => {
  const shop = world(['app:1', 'app:2']);
  await shop.apply(app('one'));
  const actions = async (desired: ReturnType<typeof app>) =>
    (await shop.plan(desired)).changes.map(({ action }) => action);
  expect(await actions(app('two', { reload: [] }))).toEqual(['replace', 'replace']);
  expect(await actions(app('two', { image: 'app:2' }))).toEqual(['replace', 'replace']);
  expect(await actions(app('two', { files: {} }))).toEqual(['replace', 'replace']);
  expect(await actions(app('two', { mode: 'manual' }))).toEqual(['hold', 'hold']);
});

test('where the image has no shell the engine sends the signal, and the policy makes up for it', async () => {
  const shop = world(['app:1']);
  await shop.apply(app('one'));
  await shop.apply(app('two'));
  expect(await content(shop.engine, 'shop-app0')).toBe('two');
  expect(
    shop.engine.calls.filter(({ method }) => method === 'killContainer').map(({ args }) => args[1]),
  ).toEqual(['SIGHUP', 'SIGHUP']);
  expect((await shop.engine.findContainer('shop-app0'))?.restart).toBe('always');
  expect((await shop.plan(app('two'))).nodes).toEqual([]);
  shop.engine.reboot();
  expect((await shop.engine.findContainer('shop-app0'))?.state).toBe('running');
});

test('a reload that is cut off is done again by the next apply', async () => {
  let isCut = false;
  const shop = world(['app:1'], {
    before: ({ method, line }) => {
      if (isCut && method === 'exec' && !line.startsWith('journal')) throw new Error('cut off');
      if (isCut && method === 'putFiles' && shop.engine.calls.some((call) => call.method === 'exec'))
        throw new Error('cut off');
    },
  });
  await shop.apply(app('one', { instances: 1 }));
  isCut = true;
  await shop.apply(app('two', { instances: 1 }));
  isCut = false;
  expect(await content(shop.engine, 'shop-app0')).toBe('two');
  const id = (await shop.engine.findContainer('shop-app0'))?.id ?? '';
  const stamp = await shop.engine.fetchFile(id, STAMP);
  expect(stamp?.kind === 'file' && stamp.content.length > 0).toBe(true);
  const next = await shop.plan(app('two', { instances: 1 }));
  expect(next.changes.map(({ action }) => action)).toEqual(['reload']);
  await shop.apply(app('two', { instances: 1 }));
  expect((await shop.plan(app('two', { instances: 1 }))).nodes).toEqual([]);
});

const asked: HttpGate = {
  kind: 'http',
  over: { port: 80 },
  path: '/ping',
  status: [[200, 299]],
  timeoutMs: 2000,
  intervalMs: 50,
  // As `startup_time: 90` says.
  limitMs: 90_000,
};

test('new files by which it answers with errors: the old ones are back after seconds, not after `startup_time`', async () => {
  let status = 200;
  const shop = world(['app:1'], { status: () => status });
  const one = app('one', { instances: 1, gate: asked });
  await shop.apply(one);
  status = 503;
  const two = app('two', { instances: 1, gate: asked });
  const plan = await shop.plan(two);
  expect(plan.changes.map(({ gate }) => gate)).toEqual(['HTTP /ping on port 80 within 5 s']);
  const events = await shop.walk(plan, two);
  expect(events.flatMap((e) => (e.type === 'node-failed' ? [e.failure] : []))).toEqual([
    {
      message: 'not ready after 5 s: last answer 503 from GET /ping',
      detail: null,
      help: 'the old files come back, and it serves by them; mend the new ones and apply again',
      log: [],
    },
  ]);
  expect(events.find(({ type }) => type === 'undo-finished')).toMatchObject({
    done: [{ kind: 'files.restore' }],
    failures: [],
  });
  expect(await content(shop.engine, 'shop-app0')).toBe('one');
  expect((await shop.plan(one)).nodes).toEqual([]);
});

test.each<[string, Gate, Partial<Gate>]>([
  ['an answer that may take long is waited for twice', { ...asked, timeoutMs: 10_000 }, { limitMs: 20_100 }],
  ['a shorter time stays', { ...asked, limitMs: 2000 }, { limitMs: 2000 }],
  ['how long it must stay up', { kind: 'engine', limitMs: 90_000, uptimeMs: 60_000 }, { uptimeMs: 5000 }],
])('after a reload: %s', (_, gate, bounded) => {
  expect(reloadGate(gate)).toEqual({ ...gate, ...bounded });
});
