import { expect, test } from 'vitest';

import type { ApplyCommand, JournalRecord } from '../../../src/compiler/journal/record.ts';
import { DeployTally } from '../../../src/compiler/metrics/deploy-tally.ts';

const begin = (apply: string, command: ApplyCommand, revision: number, atMs = 0): JournalRecord => ({
  type: 'apply',
  apply,
  revision,
  atMs,
  command,
  of: null,
  user: 'anna',
  host: 'desk',
  program: '0.1.0',
  file: null,
  git: null,
  operations: 1,
});
const end = (apply: string, result: 'done' | 'failed', tookMs: number, atMs = 0): JournalRecord => ({
  type: 'end',
  apply,
  atMs,
  tookMs,
  result,
  done: 1,
  failed: 0,
  left: 0,
});
const operation = (apply: string, op: string, more: object = {}): JournalRecord => ({
  type: 'operation',
  apply,
  node: 'x',
  op,
  container: 'my/blog/app',
  instance: 'app0',
  generation: 2,
  atMs: 500,
  tookMs: 1,
  result: 'done',
  told: null,
  failure: null,
  ...more,
});

/** A tally after some records, as it goes on after each one that was kept and read again. */
function tallied(records: readonly JournalRecord[]): DeployTally {
  let tally = new DeployTally();
  for (const record of records) {
    tally.add(record);
    const kept: unknown = JSON.parse(JSON.stringify(tally));
    tally = new DeployTally();
    tally.take(kept);
  }
  return tally;
}

test('applies are counted by what was asked for and how they ended', () => {
  const tally = tallied([
    begin('a', 'apply', 1),
    end('a', 'done', 2_000),
    begin('b', 'apply', 2),
    begin('c', 'rollback', 3),
    end('c', 'failed', 400, 7_000),
    end('unknown', 'done', 1),
    begin('d', 'heal', 4),
    end('d', 'done', 90_000),
  ]);
  const { deploys, durations } = tally;
  expect([
    deploys.of('apply', 'done'),
    deploys.of('apply', 'cut_off'),
    deploys.of('rollback', 'failed'),
    deploys.of('heal', 'done'),
    deploys.of('apply', 'failed'),
  ]).toEqual([1, 1, 1, 1, 0]);
  expect([durations.apply.count, durations.apply.sum, durations.apply.upTo().slice(0, 2)]).toEqual([
    1,
    2,
    [0, 1],
  ]);
  expect(tally.isUnfinished).toBe(false);
  // A healing is no deploy that anybody made.
  expect(tally.last).toEqual({ kind: 'rollback', result: 'failed', revision: 3, atMs: 7_000 });
});

test('one that has begun is not over', () => {
  expect(tallied([begin('a', 'apply', 1)])).toMatchObject({ isUnfinished: true, last: null });
});

test('gates that failed are counted by container, other failures are not', () => {
  const { failedGates } = tallied([
    begin('a', 'apply', 1),
    operation('a', 'container.gate', { result: 'failed' }),
    operation('a', 'container.monitor', { result: 'failed' }),
    operation('a', 'container.gate'),
    operation('a', 'container.create', { result: 'failed' }),
    operation('a', 'container.gate', { result: 'failed', container: null, instance: null }),
  ]);
  expect(failedGates.of('my/blog/app')).toBe(2);
});

test('a healing counts each instance once, and an apply forgets when they were healed', () => {
  const healing = [
    begin('a', 'heal', 1),
    operation('a', 'container.start'),
    operation('a', 'container.gate'),
    operation('a', 'container.start', { instance: 'app1', atMs: 600 }),
    end('a', 'done', 10),
  ];
  const healed = tallied(healing);
  expect(healed.healings.of('my/blog/app', 'done')).toBe(2);
  expect([healed.healedMs('my/blog/app0'), healed.healedMs('my/blog/app1')]).toEqual([[500], [600]]);
  const applied = tallied([...healing, begin('b', 'apply', 2), operation('b', 'container.start')]);
  expect([applied.healings.of('my/blog/app', 'done'), applied.healedMs('my/blog/app0')]).toEqual([2, []]);
});

test.each([null, 1, [], {}, { begun: { touched: 1 }, last: {}, durations: { apply: { within: [] } } }])(
  'what is no tally begins from nothing: %j',
  (kept) => {
    const tally = new DeployTally();
    tally.take(kept);
    expect(JSON.stringify(tally)).toBe(JSON.stringify(new DeployTally()));
  },
);
