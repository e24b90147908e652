import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { everyMinute } from '../../src/agent/every-minute.ts';

const ticks: string[] = [];
beforeEach(() => {
  ticks.length = 0;
  vi.useFakeTimers({ now: Date.parse('2026-03-01T10:00:40.250Z') });
  everyMinute(() => ticks.push(new Date().toISOString().slice(11, 23)));
});
afterEach(() => vi.useRealTimers());

test('ticks at the begin of each minute', () => {
  vi.advanceTimersByTime(19_749);
  expect(ticks).toEqual([]);
  vi.advanceTimersByTime(120_001);
  expect(ticks).toEqual(['10:01:00.000', '10:02:00.000', '10:03:00.000']);
});

test('ticks once where a timer is over too soon', () => {
  vi.advanceTimersByTime(19_749);
  // The timer is asked for by a clock that goes a little faster than the one that people see.
  vi.setSystemTime('2026-03-01T10:00:59.997Z');
  vi.advanceTimersByTime(1);
  expect(ticks).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(ticks).toEqual(['10:01:00.000']);
});

test.each([
  ['on', '2026-03-01T13:30:20.000Z', ['13:30:35.000', '13:31:00.000']],
  ['back', '2026-03-01T09:30:20.000Z', ['09:30:35.000', '09:31:00.000']],
])('sees within a quarter of a minute that the clock was set %s', (_, to, expected) => {
  vi.setSystemTime(to);
  vi.advanceTimersByTime(45_000);
  expect(ticks).toEqual(expected);
});

test('goes on when a tick throws', () => {
  vi.useFakeTimers({ now: 0 });
  let count = 0;
  everyMinute(() => {
    count += 1;
    if (count === 1) throw new Error('this once');
  });
  expect(() => vi.advanceTimersByTime(60_000)).toThrow('this once');
  vi.advanceTimersByTime(60_000);
  expect(count).toBe(2);
});
