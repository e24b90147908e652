import { describe, expect, test } from 'vitest';

import type { OperationRecord } from '../../../src/compiler/journal/record.ts';
import { NO_TIMES, timesOf, type Times } from '../../../src/compiler/journal/times.ts';
import { DRAIN, GATE, START, STOP } from './records.ts';

function times(...records: readonly OperationRecord[]): Times {
  return timesOf(records).get('shop/app') ?? NO_TIMES;
}

const APPLY = [START, GATE, DRAIN, STOP];
const later = (record: OperationRecord, more: Partial<OperationRecord> = {}): OperationRecord => ({
  ...record,
  apply: 'a2',
  atMs: record.atMs + 60_000,
  ...more,
});
const FORCED = { kind: 'stop', forced: true, limitMs: 10_000, made: 'a1b2c3' } as const;

test('of one apply', () => {
  expect(times(...APPLY)).toEqual({
    // From the start's begin to the gate's end.
    startMs: 1810,
    stopMs: 412,
    awayMs: null,
    heldMs: null,
    drainMs: 900,
    lastStop: { forced: false, limitMs: 30_000, made: 'a1b2c3', open: 0, drainedMs: 900 },
    inFlightMs: 650,
  });
});

test('of one that stops first: from the hold and from the stop, with all between', () => {
  const hold = { ...DRAIN, op: 'socket.hold', atMs: 2_990, tookMs: 5, told: null };
  const start = { ...START, atMs: 5_000 };
  const gate = { ...GATE, atMs: 5_400 };
  const publish = { ...START, op: 'socket.publish', atMs: 6_950, tookMs: 50 };
  expect(times(hold, DRAIN, STOP, start, gate, publish)).toMatchObject({
    awayMs: 5_400 + 1_500 - 4_000,
    heldMs: 7_000 - 2_990,
  });
  expect(times(STOP, { ...start, instance: 'app1' }, { ...gate, instance: 'app1' })).toMatchObject({
    awayMs: null,
  });
});

test('of nothing', () => {
  expect(times()).toEqual(NO_TIMES);
  expect(timesOf([{ ...START, container: null }]).size).toBe(0);
});

describe('the last apply counts', () => {
  test('with its longest', () => {
    const other = { instance: 'app1', tookMs: 700 };
    expect(times(...APPLY, later(STOP), later(STOP, other))).toMatchObject({ stopMs: 700 });
  });

  test('which has one', () => {
    expect(times(...APPLY, later(START), later(GATE, { tookMs: 90 }))).toMatchObject({
      startMs: 400,
      stopMs: 412,
    });
  });

  test('but not with what failed or was given up', () => {
    expect(times(...APPLY, later(STOP, { result: 'stopped', tookMs: 9 }))).toMatchObject({ stopMs: 412 });
    expect(times(START, { ...GATE, result: 'failed' })).toMatchObject({ startMs: null });
  });
});

test('a gate that is asked again says nothing of the start', () => {
  expect(times(START, GATE, { ...GATE, atMs: 9_000 })).toMatchObject({ startMs: 1810 });
});

describe('an instance that started ahead and waited for the one before it', () => {
  const ahead = { instance: 'app2' };
  const waited = { ...GATE, ...ahead, atMs: 9_000 };

  test('does not count', () => {
    expect(times(START, GATE, { ...START, ...ahead }, waited)).toMatchObject({ startMs: 1810 });
    expect(times(START, GATE, later({ ...START, ...ahead }), later(waited))).toMatchObject({
      startMs: 1810,
    });
  });

  test('counts when it did not have to', () => {
    const soon = { ...GATE, ...ahead, atMs: START.atMs + START.tookMs + 250 };
    expect(times(START, GATE, { ...START, ...ahead }, soon)).toMatchObject({ startMs: 2050 });
  });
});

test('the stop that left most connections open counts for all of its apply', () => {
  const left = { ...DRAIN, instance: 'app1', told: { kind: 'drain', ms: 30_000, open: 3 } } as const;
  const stop = { ...STOP, instance: 'app1' };
  expect(times(left, stop, DRAIN, STOP).lastStop).toMatchObject({ open: 3, drainedMs: 30_000 });
});

test('one stop that had to be forced counts for all of its apply, and an earlier one no more', () => {
  const forced = { ...STOP, instance: 'app1', told: FORCED };
  expect(times(forced, STOP).lastStop).toMatchObject({ forced: true });
  expect(times(forced, STOP, later(STOP)).lastStop).toMatchObject({ forced: false });
});

describe('what was under way', () => {
  test.each<[string, readonly OperationRecord[], number | null]>([
    ['ended in the drain', [DRAIN, STOP], 650],
    ['ended by the stop', [{ ...DRAIN, told: { kind: 'drain', ms: 1000, open: 3 } }, STOP], 1412],
    ['was cut off', [{ ...STOP, told: FORCED }], null],
    ['was not counted', [{ ...DRAIN, told: { kind: 'drain', ms: 9, open: null } }, STOP], null],
    ['ended by the stop alone', [STOP], 412],
    ['is the longest of the last applies', [{ ...STOP, tookMs: 5000 }, later(STOP)], 5000],
  ])('%s', (_, records, inFlightMs) => {
    expect(times(...records)).toMatchObject({ inFlightMs });
  });
});
