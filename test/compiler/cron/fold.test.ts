import { expect, test } from 'vitest';

import { foldCron, KEPT_LEFT_OUT, KEPT_RUNS } from '../../../src/compiler/cron/fold.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { HOUR, MINUTE, SPEC } from './cron-records.ts';

const of = { job: 'shop/backup', atMs: 0 };
const BY = { user: 'ana', host: 'desk' };
const SCHEDULED: CronRecord = { type: 'scheduled', ...of, spec: SPEC };
const begun = (run: number, dueMs: number | null): CronRecord => ({
  type: 'begun',
  ...of,
  atMs: dueMs ?? 0,
  run,
  dueMs,
  by: dueMs === null ? BY : null,
  image: 'sha256:1',
});
const ended = (run: number): CronRecord => ({
  type: 'ended',
  ...of,
  run,
  result: 'failed',
  exitCode: 3,
  tookMs: 5,
  why: null,
});
const queued = (dueMs: number): CronRecord => ({ type: 'queued', ...of, dueMs, by: null });
const skipped = (count: number, dueMs: number, why = 'run 1 is not over'): CronRecord => ({
  type: 'skipped',
  ...of,
  dueMs,
  why,
  count,
  firstMs: dueMs - (count - 1) * MINUTE,
});
const waits = (dueMs: number) => ({ dueMs, by: null });
const missed = (count: number, firstMs: number, lastMs: number): CronRecord => ({
  type: 'missed',
  ...of,
  count,
  firstMs,
  lastMs,
  caughtUp: false,
});
const state = (...records: readonly CronRecord[]) => foldCron(records).get('shop/backup');

test('a run is under way until it ends', () => {
  expect(state(SCHEDULED, begun(1, MINUTE))).toMatchObject({
    scheduled: { spec: SPEC, sinceMs: 0 },
    newestRun: 1,
    underWay: [{ run: 1, dueMs: MINUTE, beganMs: MINUTE, image: 'sha256:1', isStarted: false, end: null }],
    lastEnded: null,
    handledMs: MINUTE,
  });
  expect(state(SCHEDULED, begun(1, MINUTE), begun(2, null), ended(1))).toMatchObject({
    newestRun: 2,
    underWay: [{ run: 2, dueMs: null, by: BY }],
    lastEnded: { run: 1, end: { result: 'failed', exitCode: 3, tookMs: 5 } },
    runs: [
      { run: 1, end: { exitCode: 3 } },
      { run: 2, end: null },
    ],
    handledMs: MINUTE,
  });
});

test('what waits is taken out by its begin, long after, and time does not go back for it', () => {
  const waiting = [SCHEDULED, queued(MINUTE), queued(5 * HOUR)];
  expect(state(...waiting)).toMatchObject({ queue: [waits(MINUTE), waits(5 * HOUR)], handledMs: 5 * HOUR });
  expect(state(...waiting, begun(1, MINUTE))).toMatchObject({
    queue: [waits(5 * HOUR)],
    handledMs: 5 * HOUR,
  });
  expect(state(...waiting, skipped(1, MINUTE))).toMatchObject({
    queue: [waits(5 * HOUR)],
    handledMs: 5 * HOUR,
  });
  expect(state(...waiting, { type: 'dropped', ...of })).toMatchObject({ queue: [], scheduled: null });
});

test('what somebody asked for and waits is taken out by its own begin, and is nothing that was due', () => {
  const asked: CronRecord = { type: 'queued', ...of, dueMs: 5 * HOUR, by: BY };
  const both = [SCHEDULED, queued(MINUTE), queued(5 * HOUR), asked];
  expect(state(SCHEDULED, queued(MINUTE), asked)).toMatchObject({ handledMs: MINUTE });
  expect(state(...both, { ...begun(1, 5 * HOUR), by: BY } as CronRecord)).toMatchObject({
    queue: [waits(MINUTE), waits(5 * HOUR)],
    underWay: [{ run: 1, by: BY }],
  });
  expect(state(...both, begun(1, 5 * HOUR))).toMatchObject({
    queue: [waits(MINUTE), { dueMs: 5 * HOUR, by: BY }],
  });
});

test('of what was dealt with the latest counts, unless the clock had been wrong by hours', () => {
  expect(state(begun(1, 9 * HOUR), begun(2, 7 * HOUR))).toMatchObject({ handledMs: 9 * HOUR });
  expect(state(begun(1, 9 * HOUR), begun(2, 6 * HOUR))).toMatchObject({ handledMs: 6 * HOUR });
});

test('what was missed counts until a run begins', () => {
  const two = [missed(2, MINUTE, 2 * MINUTE), missed(3, 4 * MINUTE, 6 * MINUTE)];
  expect(state(...two)).toMatchObject({
    missed: { count: 5, firstMs: MINUTE, lastMs: 6 * MINUTE },
    handledMs: 6 * MINUTE,
  });
  expect(state(...two, begun(1, 7 * MINUTE))).toMatchObject({ missed: null });
});

test('what was left out is remembered, in a row for the same reason as one', () => {
  const why = 'run 1 is not over';
  const row = [skipped(1, MINUTE), skipped(2, 2 * MINUTE), skipped(3, 3 * MINUTE)];
  expect(state(...row, missed(4, HOUR, 2 * HOUR), begun(2, 3 * HOUR), skipped(1, 4 * HOUR))?.leftOut).toEqual(
    [
      { kind: 'skipped', count: 3, firstMs: MINUTE, lastMs: 3 * MINUTE, why },
      { kind: 'missed', count: 4, firstMs: HOUR, lastMs: 2 * HOUR, caughtUp: false },
      { kind: 'skipped', count: 1, firstMs: 4 * HOUR, lastMs: 4 * HOUR, why },
    ],
  );
  const many = Array.from({ length: 60 }, (_, i) => skipped(1, i * MINUTE, `run ${i} is not over`));
  expect(state(...many)?.leftOut).toHaveLength(KEPT_LEFT_OUT);
});

test('a pause outlasts the template, and resuming begins anew', () => {
  const paused: CronRecord = { type: 'paused', ...of, by: BY };
  expect(state(SCHEDULED, paused, { type: 'dropped', ...of }, SCHEDULED)).toMatchObject({
    paused: { by: BY, sinceMs: 0 },
  });
  expect(state(SCHEDULED, paused, { type: 'resumed', job: of.job, atMs: HOUR, by: BY })).toMatchObject({
    paused: null,
    handledMs: HOUR,
  });
});

test('a number is used once, even if only the end of its run is left', () => {
  expect(state(ended(4))).toMatchObject({ newestRun: 4, underWay: [], lastEnded: null });
  expect(state(ended(4), begun(4, MINUTE))).toMatchObject({ underWay: [] });
});

test('the newest runs are remembered', () => {
  const many = Array.from({ length: 60 }, (_, i) => [begun(i + 1, i * MINUTE), ended(i + 1)]).flat();
  const runs = state(...many)?.runs ?? [];
  expect(runs.map(({ run }) => run)).toEqual(Array.from({ length: KEPT_RUNS }, (_, i) => i + 11));
});
