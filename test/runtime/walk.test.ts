import { expect, test } from 'vitest';

import type { PlanNode } from '../../src/compiler/plan/plan.ts';
import { walk, type Outcome, type WalkOptions } from '../../src/runtime/walk.ts';

interface Sketch {
  readonly after?: readonly string[];
  readonly follows?: readonly string[];
}

/** What became of each node, in the order in which it was known. */
async function walked(
  sketches: Readonly<Record<string, Sketch>>,
  options: Partial<Omit<WalkOptions, 'onOver'>>,
): Promise<readonly string[]> {
  const nodes = Object.entries(sketches).map(
    ([name, { after = [], follows = [] }]) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the plan builder makes them
      ({ id: name, op: { kind: 'checkpoint', name }, after, follows, group: name }) as unknown as PlanNode,
  );
  const order: string[] = [];
  const outcome = await walk(nodes, {
    parallelism: 2,
    run: () => Promise.resolve('done'),
    onSkip: () => {},
    mayStart: () => true,
    ...options,
    onOver: ({ id }, result) => order.push(`${id} ${result}`),
  });
  expect([...outcome].map(([id, result]) => `${id} ${result}`)).toEqual(order);
  return order;
}

const become =
  (results: Readonly<Record<string, Exclude<Outcome, 'skipped'>>>): WalkOptions['run'] =>
  ({ id }) =>
    Promise.resolve(results[id] ?? 'done');

test('a node that follows others starts when they are over, whatever became of them', async () => {
  const sketches = { a: {}, b: { after: ['a'] }, c: { follows: ['a', 'b'] }, d: { after: ['c'] } };
  expect(await walked(sketches, { run: become({ a: 'failed' }) })).toEqual([
    'a failed',
    'b skipped',
    'c done',
    'd done',
  ]);
  expect(await walked(sketches, {})).toEqual(['a done', 'b done', 'c done', 'd done']);
});

test('but not when they were left', async () => {
  const sketches = { a: {}, b: { after: ['a'] }, c: { follows: ['b'] } };
  const order = await walked(sketches, { run: become({ a: 'left' }) });
  expect(order).toEqual(['a left', 'b left', 'c left']);
});

test('a node that may not start is left, or skipped for the one that has failed, and so are those that wait for it', async () => {
  const sketches = { a: {}, b: { after: ['a'] }, c: { after: ['b'] } };
  const skipped: string[] = [];
  const onSkip: WalkOptions['onSkip'] = ({ id }, because) => skipped.push(`${id} for ${because}`);
  const mayStart: WalkOptions['mayStart'] = ({ id }) => (id === 'b' ? id : true);
  expect(await walked(sketches, { mayStart, onSkip })).toEqual(['a done', 'b skipped', 'c skipped']);
  expect(skipped).toEqual(['b for b', 'c for b']);
  expect(await walked(sketches, { mayStart: ({ id }) => id !== 'b' })).toEqual([
    'a done',
    'b left',
    'c left',
  ]);
});

test('those that only wait take no place from others', async () => {
  let open = () => {};
  const last = new Promise<void>((resolve) => {
    open = resolve;
  });
  const order = await walked(
    { wait1: {}, wait2: {}, wait3: {}, work: {} },
    {
      parallelism: 1,
      isWait: ({ id }) => id.startsWith('wait'),
      run: async ({ id }) => {
        if (id === 'work') open();
        else await last;
        return 'done';
      },
    },
  );
  expect(order).toHaveLength(4);
});
