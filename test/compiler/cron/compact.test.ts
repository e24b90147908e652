import fc from 'fast-check';
import { expect, test } from 'vitest';

import { compactedCron } from '../../../src/compiler/cron/compact.ts';
import { foldCron, KEPT_RUNS } from '../../../src/compiler/cron/fold.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { anyRecord, MINUTE, SPEC } from './cron-records.ts';

test('what is kept comes to the same, whatever was written', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 300, size: 'max' }), (records) => {
      const kept = compactedCron(records);
      expect(foldCron(kept)).toEqual(foldCron(records));
      expect(foldCron(compactedCron(kept))).toEqual(foldCron(records));
    }),
    { numRuns: 500 },
  );
});

test('what is written after it comes to the same', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { maxLength: 200, size: 'max' }),
      fc.array(anyRecord),
      (records, later) => {
        expect(foldCron([...compactedCron(records), ...later])).toEqual(foldCron([...records, ...later]));
      },
    ),
  );
});

test('a year of skipped minutes comes down to one line', () => {
  const atMs = Date.UTC(2026, 0, 1);
  const of = { job: 'shop/backup', atMs };
  const records = Array.from(
    { length: 525_600 },
    (_, i): CronRecord => ({
      type: 'skipped',
      ...of,
      dueMs: atMs + i * MINUTE,
      why: 'run 1 is not over',
      count: i + 1,
      firstMs: atMs,
    }),
  );
  const kept = compactedCron(records);
  expect(kept).toEqual(records.slice(-1));
  expect(foldCron(kept)).toEqual(foldCron(records));
});

test('a year of runs every five minutes comes down to the newest', () => {
  const atMs = Date.UTC(2026, 0, 1);
  const of = { job: 'shop/backup', atMs };
  const runs = Array.from({ length: 105_120 }, (_, i): readonly CronRecord[] => {
    const dueMs = atMs + i * 5 * MINUTE;
    const run = i + 1;
    return [
      { type: 'begun', ...of, run, dueMs, by: null, image: 'sha256:1' },
      { type: 'ended', ...of, run, result: 'succeeded', exitCode: 0, tookMs: 1, why: null },
    ];
  });
  const records: readonly CronRecord[] = [{ type: 'scheduled', ...of, spec: SPEC }, ...runs.flat()];
  const kept = compactedCron(records);
  expect(kept).toHaveLength(1 + 2 * KEPT_RUNS);
  expect(foldCron(kept)).toEqual(foldCron(records));
});
