import { describe, expect, test } from 'vitest';

import { dueBetween, LATEST_MS, type Due } from '../../../src/compiler/cron/due.ts';

const job = (...schedule: readonly string[]) => ({ schedule, timezone: 'UTC' });
const FIXED = job('30 2 * * *');
const OFTEN = job('*/30 * * * *');
const at = (time: string) => Date.parse(`2026-06-10T${time}Z`);
const time = (ms: number) => new Date(ms).toISOString().slice(11, 16);

/** What was due and missed as times of the day. */
const words = ({ due, missed, handledMs }: Due) => ({
  due: due.map(time),
  missed: missed === null ? null : [missed.count, time(missed.firstMs), time(missed.lastMs)],
  handled: time(handledMs),
});

/** A tick; `elapsed` in seconds, since one at `last`. */
const tick = (of: typeof FIXED, handled: string, last: string, elapsed: number, now: string) =>
  words(
    dueBetween({
      job: of,
      handledMs: at(handled),
      nowMs: at(now),
      before: { nowMs: at(last), elapsedMs: elapsed * 1_000 },
    }),
  );

const first = (of: typeof FIXED, handled: string, now: string) =>
  words(dueBetween({ job: of, handledMs: at(handled), nowMs: at(now), before: null }));

describe('nobody sets the clock', () => {
  test('what has become due since the last tick is due', () => {
    expect(tick(FIXED, '02:29:00', '02:29:00', 60, '02:30:00')).toEqual({
      due: ['02:30'],
      missed: null,
      handled: '02:30',
    });
    expect(tick(FIXED, '02:30:00', '02:30:00', 60, '02:31:00')).toEqual({
      due: [],
      missed: null,
      handled: '02:31',
    });
  });

  test('a minute late it still runs, later it is missed', () => {
    expect(tick(OFTEN, '02:00:00', '02:00:00', 1_860, '02:31:00')).toMatchObject({
      due: ['02:30'],
      missed: null,
    });
    expect(tick(OFTEN, '02:00:00', '02:00:00', 1_861, '02:31:01')).toMatchObject({
      due: [],
      missed: [1, '02:30', '02:30'],
    });
  });

  test('to the millisecond', () => {
    const look = (lateMs: number) =>
      dueBetween({ job: FIXED, handledMs: at('02:00:00'), nowMs: at('02:30:00') + lateMs, before: null });
    expect(look(LATEST_MS)).toMatchObject({ due: [at('02:30:00')], missed: null });
    expect(look(LATEST_MS + 1)).toMatchObject({ due: [], missed: { count: 1 } });
  });

  test('the first tick tells what was missed, and what is due now', () => {
    expect(first(OFTEN, '00:00:00', '02:00:20')).toEqual({
      due: ['02:00'],
      missed: [3, '00:30', '01:30'],
      handled: '02:00',
    });
    expect(first(FIXED, '00:00:00', '12:00:00')).toEqual({
      due: [],
      missed: [1, '02:30', '02:30'],
      handled: '12:00',
    });
  });

  test('of an outage of years the last one is looked at', () => {
    const { missed } = dueBetween({ job: FIXED, handledMs: 0, nowMs: at('12:00:00'), before: null });
    expect(missed).toMatchObject({ count: 366, lastMs: at('02:30:00') });
  });

  test('a correction of less than a minute neither doubles nor loses a run', () => {
    expect(tick(OFTEN, '02:30:00', '02:30:00', 20, '02:29:50')).toEqual({
      due: [],
      missed: null,
      handled: '02:30',
    });
    expect(tick(OFTEN, '02:30:00', '02:29:50', 60, '02:30:50')).toEqual({
      due: [],
      missed: null,
      handled: '02:30',
    });
    expect(tick(OFTEN, '02:29:00', '02:29:00', 60, '02:30:55')).toMatchObject({
      due: ['02:30'],
      missed: null,
    });
  });
});

describe('set forward by less than three hours', () => {
  test('what is at a fixed time runs once for all that was skipped', () => {
    expect(tick(FIXED, '01:00:00', '01:00:00', 60, '03:01:00')).toEqual({
      due: ['02:30'],
      missed: null,
      handled: '03:01',
    });
    expect(tick(job('0,30 2 * * *'), '01:00:00', '01:00:00', 60, '03:01:00')).toMatchObject({
      due: ['02:30'],
      missed: null,
    });
  });

  test('everything else goes by the new time', () => {
    expect(tick(OFTEN, '01:00:00', '01:00:00', 60, '03:01:00')).toEqual({
      due: [],
      missed: null,
      handled: '03:01',
    });
    expect(tick(OFTEN, '01:00:00', '01:00:00', 60, '03:00:00')).toMatchObject({
      due: ['03:00'],
      missed: null,
    });
  });
});

describe('set back by less than three hours', () => {
  test('what is at a fixed time does not run again, and does the next time', () => {
    expect(tick(FIXED, '02:40:00', '02:40:00', 60, '01:41:00')).toEqual({
      due: [],
      missed: null,
      handled: '02:40',
    });
    expect(tick(FIXED, '02:40:00', '02:29:00', 60, '02:30:00')).toEqual({
      due: [],
      missed: null,
      handled: '02:40',
    });
    expect(tick(job('45 2 * * *'), '02:40:00', '02:44:00', 60, '02:45:00')).toMatchObject({ due: ['02:45'] });
  });

  test('everything else goes by the new time at once', () => {
    expect(tick(OFTEN, '02:40:00', '02:40:00', 60, '01:30:00')).toEqual({
      due: ['01:30'],
      missed: null,
      handled: '01:30',
    });
    expect(tick(OFTEN, '01:30:00', '01:30:00', 60, '01:31:00')).toEqual({
      due: [],
      missed: null,
      handled: '01:31',
    });
  });

  test('while nobody ticked, it is seen at the first one', () => {
    expect(first(FIXED, '02:40:00', '01:41:00')).toEqual({ due: [], missed: null, handled: '02:40' });
    expect(first(OFTEN, '02:40:00', '01:41:00')).toEqual({ due: [], missed: null, handled: '01:41' });
  });
});

describe('set by three hours and more, it is a new time for all', () => {
  test.each([FIXED, OFTEN])('%j', (of) => {
    expect(tick(of, '00:15:00', '00:15:00', 60, '12:15:00')).toEqual({
      due: [],
      missed: null,
      handled: '12:15',
    });
    expect(tick(of, '12:15:00', '12:15:00', 60, '02:30:00')).toEqual({
      due: ['02:30'],
      missed: null,
      handled: '02:30',
    });
    expect(tick(of, '00:15:00', '00:15:00', 60, '03:14:59')).toMatchObject({
      due: of === FIXED ? ['02:30'] : [],
    });
    expect(first(of, '12:15:00', '02:29:00')).toEqual({ due: [], missed: null, handled: '02:29' });
  });

  test('in two steps as well', () => {
    const back = tick(FIXED, '09:00:00', '09:00:00', 60, '07:01:00');
    expect(back).toMatchObject({ handled: '09:00' });
    expect(tick(FIXED, '09:00:00', '07:01:00', 60, '05:02:00')).toEqual({
      due: [],
      missed: null,
      handled: '05:02',
    });
  });
});

test('a machine that slept for a day, by a clock that counted it, has missed what was due', () => {
  const slept = dueBetween({
    job: FIXED,
    handledMs: at('01:00:00'),
    nowMs: at('01:00:00') + 86_400_000,
    before: { nowMs: at('01:00:00'), elapsedMs: 86_400_000 },
  });
  expect(words(slept)).toMatchObject({ due: [], missed: [1, '02:30', '02:30'] });
});
