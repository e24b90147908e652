import { expect, test } from 'vitest';

import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { JobTally } from '../../../src/compiler/metrics/job-tally.ts';

const job = 'shop/report';
const begun = (run: number, dueMs: number | null): CronRecord => ({
  type: 'begun',
  job,
  atMs: 60_010,
  run,
  dueMs,
  by: null,
  image: 'sha256:ab',
});
const ended = (run: number, result: 'succeeded' | 'failed', atMs: number): CronRecord => ({
  type: 'ended',
  job,
  atMs,
  run,
  result,
  exitCode: 0,
  tookMs: 1_500,
  why: null,
});

/** What is skipped in a row is told by the last record of it. */
const skipped = (firstMs: number, count: number): CronRecord => ({
  type: 'skipped',
  job,
  atMs: 1,
  dueMs: 1,
  why: 'run 1 is not over',
  firstMs,
  count,
});

/** A tally after some records, as it goes on after each one that was kept and read again. */
function tallied(records: readonly CronRecord[]): JobTally {
  let tally = new JobTally();
  for (const record of records) {
    tally.add(record);
    const kept: unknown = JSON.parse(JSON.stringify(tally));
    tally = new JobTally();
    tally.take(kept);
  }
  return tally;
}

test('a run is as late as its container started after it was due', () => {
  const tally = tallied([
    begun(1, 60_000),
    { type: 'started', job, atMs: 60_700, run: 1 },
    ended(1, 'succeeded', 62_000),
  ]);
  expect(tally.last(job)).toEqual({ endMs: 62_000, tookMs: 1_500, result: 'succeeded', lateMs: 700 });
  expect([tally.lateness.count, tally.lateness.sum]).toEqual([1, 0.7]);
  expect(tally.runs.of(job, 'succeeded')).toBe(1);
  expect(tally.succeededMs(job)).toBe(62_000);
});

test('one by hand, and one that never started, are not late', () => {
  const tally = tallied([
    begun(1, null),
    { type: 'started', job, atMs: 60_700, run: 1 },
    ended(1, 'failed', 62_000),
    begun(2, 120_000),
  ]);
  expect([tally.lateness.count, tally.last(job)?.lateMs, tally.succeededMs(job)]).toEqual([0, null, null]);
});

test('one that waited for another by hand is late for nobody', () => {
  const by = { user: 'anna', host: 'desk' };
  const { lateness } = tallied([
    { type: 'begun', job, atMs: 60_010, run: 1, dueMs: 1_000, by, image: 'sha256:ab' },
    { type: 'started', job, atMs: 60_700, run: 1 },
  ]);
  expect(lateness.count).toBe(0);
});

test('runs beside each other keep to themselves', () => {
  const tally = tallied([
    begun(1, 0),
    begun(2, 60_000),
    { type: 'started', job, atMs: 60_100, run: 2 },
    { type: 'started', job, atMs: 60_500, run: 1 },
    ended(2, 'succeeded', 61_000),
  ]);
  expect([tally.last(job)?.lateMs, tally.lateness.sum]).toEqual([100, 60.6]);
});

test('what was skipped and missed is counted, and a job that is dropped is forgotten but for its counts', () => {
  const tally = tallied([
    skipped(1, 2),
    skipped(1, 3),
    skipped(9, 1),
    { type: 'missed', job, atMs: 1, count: 5, firstMs: 0, lastMs: 1, caughtUp: false },
    begun(1, 0),
    ended(1, 'succeeded', 3),
    { type: 'dropped', job, atMs: 4 },
  ]);
  expect([tally.skipped.of(job), tally.missed.of(job), tally.runs.of(job, 'succeeded')]).toEqual([4, 5, 1]);
  expect(tally.last(job)).toBe(null);
});
