import { expect, test } from 'vitest';

import { hourAt } from '../../../src/compiler/scale/hours.ts';

const at = (text: string) => Date.parse(text);
const hours = (schedule: string, min: number, max: number, timezone = 'UTC') => ({
  when: { schedule: [schedule], timezone },
  min,
  max,
});
const week = {
  min: 1,
  max: 10,
  schedule: [hours('0 8 * * 1-5', 4, 10), hours('0 20 * * *', 1, 2), hours('0 12 24 12 *', 8, 8)],
};

test.each([
  ['2026-03-03T08:00:00Z', 4, 10, '2026-03-03T08:00:00Z', '2026-03-03T20:00:00Z'],
  ['2026-03-03T07:59:59Z', 1, 2, '2026-03-02T20:00:00Z', '2026-03-03T08:00:00Z'],
  // A Sunday: the evening before holds.
  ['2026-03-08T12:00:00Z', 1, 2, '2026-03-07T20:00:00Z', '2026-03-08T20:00:00Z'],
  ['2026-12-24T15:00:00Z', 8, 8, '2026-12-24T12:00:00Z', '2026-12-24T20:00:00Z'],
])('at %s it is %i to %i', (now, min, max, since, until) => {
  expect(hourAt(week, at(now))).toEqual({ min, max, sinceMs: at(since), untilMs: at(until) });
});

test('what begins once a year holds until something else does', () => {
  const rare = { min: 1, max: 9, schedule: [hours('0 0 1 2 *', 5, 9)] };
  expect(hourAt(rare, at('2027-01-31T00:00:00Z'))).toMatchObject({ min: 5, max: 9 });
});

test('without a begin yet, and without a schedule, the limits of all times hold', () => {
  expect(hourAt({ min: 2, max: 3, schedule: [] }, 0)).toEqual({
    min: 2,
    max: 3,
    sinceMs: null,
    untilMs: null,
  });
  const never = { min: 2, max: 3, schedule: [hours('0 0 30 2 *', 3, 3)] };
  expect(hourAt(never, at('2026-01-01T00:00:00Z'))).toMatchObject({ min: 2, max: 3, sinceMs: null });
});

test('of two that begin together the later one in the file holds', () => {
  const both = { min: 1, max: 9, schedule: [hours('0 8 * * *', 2, 9), hours('0 8 * * 1', 5, 9)] };
  expect(hourAt(both, at('2026-03-02T09:00:00Z'))).toMatchObject({ min: 5 });
});

test('local time has its own morning', () => {
  const rome = { min: 1, max: 9, schedule: [hours('0 8 * * *', 4, 9, 'Europe/Rome')] };
  expect(hourAt(rome, at('2026-07-01T06:00:00Z')).sinceMs).toBe(at('2026-07-01T06:00:00Z'));
  expect(hourAt(rome, at('2026-07-01T05:59:00Z')).sinceMs).toBe(at('2026-06-30T06:00:00Z'));
});
