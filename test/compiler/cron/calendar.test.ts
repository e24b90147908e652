import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nextOccurrence, occurrences } from '../../../src/compiler/cron/calendar.ts';
import { isFixedTime } from '../../../src/compiler/cron/line.ts';
import { parseCronLine, scheduleLines } from '../../../src/compiler/spec/values/cron-schedule.ts';
import { localFields, ZONES } from './plain-clock.ts';

const job = (written: string, timezone = 'UTC') => {
  const line = parseCronLine(written);
  if (!line.ok) throw new Error(written);
  return { schedule: scheduleLines(line.value), timezone };
};

/** Occurrences of a time from one instant to another, both UTC, as UTC without year and seconds. */
const due = (written: string, timezone: string, from: string, until: string) =>
  occurrences(job(written, timezone), Date.parse(`${from}Z`), Date.parse(`${until}Z`)).map((at) =>
    new Date(at).toISOString().slice(5, 16),
  );

describe('clocks go forward', () => {
  test.each<[string, string, string, string, string, readonly string[]]>([
    // From 2:00 to 3:00 at 1:00 UTC.
    [
      'its time is skipped',
      '30 2 * * *',
      'Europe/Rome',
      '2026-03-28T12:00',
      '2026-03-30T12:00',
      ['03-29T01:00', '03-30T00:30'],
    ],
    [
      'the first skipped minute',
      '0 2 * * *',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-29T12:00',
      ['03-29T01:00'],
    ],
    ['the last one', '59 2 * * *', 'Europe/Rome', '2026-03-29T00:00', '2026-03-29T12:00', ['03-29T01:00']],
    ['just before', '59 1 * * *', 'Europe/Rome', '2026-03-29T00:00', '2026-03-29T12:00', ['03-29T00:59']],
    ['just after', '0 3 * * *', 'Europe/Rome', '2026-03-29T00:00', '2026-03-29T12:00', ['03-29T01:00']],
    [
      'several times are skipped',
      '30,45 2 * * *',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-29T12:00',
      ['03-29T01:00'],
    ],
    [
      'a skipped time and one at the jump',
      '0 2-3 * * *',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-29T12:00',
      ['03-29T01:00'],
    ],
    [
      'two lines are skipped',
      '30 2 29 3 0',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-29T12:00',
      ['03-29T01:00'],
    ],
    [
      'every half hour of it',
      '*/30 2 * * *',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-30T00:40',
      ['03-30T00:00', '03-30T00:30'],
    ],
    [
      'at half past every hour',
      '30 * * * *',
      'Europe/Rome',
      '2026-03-29T00:00',
      '2026-03-29T03:00',
      ['03-29T00:30', '03-29T01:30', '03-29T02:30'],
    ],
    [
      'every even hour',
      '0 */2 * * *',
      'Europe/Rome',
      '2026-03-28T22:30',
      '2026-03-29T05:00',
      ['03-28T23:00', '03-29T02:00', '03-29T04:00'],
    ],
    // Midnight does not come: 0:00 is 1:00.
    [
      'at midnight in Santiago',
      '0 0 * * *',
      'America/Santiago',
      '2026-09-05T12:00',
      '2026-09-07T12:00',
      ['09-06T04:00', '09-07T03:00'],
    ],
    [
      'at midnight in Beirut',
      '15 0 * * *',
      'Asia/Beirut',
      '2026-03-28T12:00',
      '2026-03-30T12:00',
      ['03-28T22:00', '03-29T21:15'],
    ],
    [
      'on a Friday in Cairo',
      '0 0 * * 5',
      'Africa/Cairo',
      '2026-04-22T12:00',
      '2026-04-25T12:00',
      ['04-23T22:00'],
    ],
    // Half an hour: 2:00 is 2:30.
    [
      'in Lord Howe',
      '10 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00',
      '2026-10-04T12:00',
      ['10-03T15:30'],
    ],
    [
      "after Lord Howe's half hour",
      '40 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00',
      '2026-10-04T12:00',
      ['10-03T15:40'],
    ],
    // Two hours: 1:00 is 3:00.
    ['at Troll', '0 1,2 * * *', 'Antarctica/Troll', '2026-03-29T00:00', '2026-03-29T12:00', ['03-29T01:00']],
    [
      'at the end of Ramadan in Casablanca',
      '30 2 * * *',
      'Africa/Casablanca',
      '2026-03-21T12:00',
      '2026-03-23T12:00',
      ['03-22T02:00', '03-23T01:30'],
    ],
    [
      'a day that Apia skips',
      '0 12 * * *',
      'Pacific/Apia',
      '2011-12-29T00:00',
      '2011-12-31T12:00',
      ['12-29T22:00', '12-30T22:00'],
    ],
    [
      'by date, a day that Apia skips',
      '0 12 30 12 *',
      'Pacific/Apia',
      '2011-12-01T00:00',
      '2012-12-31T23:00',
      ['12-29T22:00'],
    ],
  ])('%s', (_, written, timezone, from, until, expected) => {
    expect(due(written, timezone, from, until)).toEqual(expected);
  });
});

describe('clocks go back', () => {
  test.each<[string, string, string, string, string, readonly string[]]>([
    // From 3:00 to 2:00 at 1:00 UTC.
    [
      'its time is doubled',
      '30 2 * * *',
      'Europe/Rome',
      '2026-10-24T12:00',
      '2026-10-26T12:00',
      ['10-25T00:30', '10-26T01:30'],
    ],
    [
      'several times are doubled',
      '0,30 2 * * *',
      'Europe/Rome',
      '2026-10-25T00:00',
      '2026-10-25T12:00',
      ['10-25T00:30'],
    ],
    [
      'the first doubled minute',
      '0 2 * * *',
      'Europe/Rome',
      '2026-10-24T12:00',
      '2026-10-25T12:00',
      ['10-25T00:00'],
    ],
    [
      'the first minute after',
      '0 3 * * *',
      'Europe/Rome',
      '2026-10-24T12:00',
      '2026-10-25T12:00',
      ['10-25T02:00'],
    ],
    [
      'every half hour of it',
      '*/30 2 * * *',
      'Europe/Rome',
      '2026-10-24T12:00',
      '2026-10-25T12:00',
      ['10-25T00:00', '10-25T00:30', '10-25T01:00', '10-25T01:30'],
    ],
    [
      'at half past every hour',
      '30 * * * *',
      'Europe/Rome',
      '2026-10-25T00:00',
      '2026-10-25T02:00',
      ['10-25T00:30', '10-25T01:30'],
    ],
    [
      'in an hour that is named',
      '30 */2 * * *',
      'Europe/Rome',
      '2026-10-25T00:00',
      '2026-10-25T04:00',
      ['10-25T00:30', '10-25T01:30', '10-25T03:30'],
    ],
    // Midnight becomes 23:00 of the day before.
    [
      'on a Saturday in Santiago',
      '30 23 * * 6',
      'America/Santiago',
      '2026-04-04T00:00',
      '2026-04-05T12:00',
      ['04-05T02:30'],
    ],
    [
      'every half hour in Santiago',
      '*/30 23 * * 6',
      'America/Santiago',
      '2026-04-04T00:00',
      '2026-04-05T12:00',
      ['04-05T02:00', '04-05T02:30', '04-05T03:00', '04-05T03:30'],
    ],
    [
      'at midnight in Santiago',
      '0 0 * * *',
      'America/Santiago',
      '2026-04-05T00:00',
      '2026-04-05T12:00',
      ['04-05T04:00'],
    ],
    // 0:01 became 23:01 of the day before, so that midnight came twice.
    [
      "at midnight in St. John's",
      '0 0 7 11 *',
      'America/St_Johns',
      '2010-11-06T00:00',
      '2010-11-08T00:00',
      ['11-07T02:30'],
    ],
    [
      "around midnight in St. John's",
      '*/30 0,23 * * *',
      'America/St_Johns',
      '2010-11-07T02:00',
      '2010-11-07T04:00',
      ['11-07T02:30', '11-07T03:00', '11-07T03:30', '11-07T04:00'],
    ],
    [
      'in Lord Howe',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T00:00',
      '2026-04-05T00:00',
      ['04-04T14:45'],
    ],
    [
      'often in Lord Howe',
      '*/15 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:20',
      '2026-04-04T15:40',
      ['04-04T14:30', '04-04T14:45', '04-04T15:00', '04-04T15:15'],
    ],
    ['at Troll', '0 1 * * *', 'Antarctica/Troll', '2026-10-24T12:00', '2026-10-25T12:00', ['10-24T23:00']],
    [
      'as Ramadan begins in Casablanca',
      '30 2 * * *',
      'Africa/Casablanca',
      '2026-02-14T12:00',
      '2026-02-15T12:00',
      ['02-15T01:30'],
    ],
    // Three hours, at 2:00: a new time base.
    [
      'Casey goes back by three hours',
      '30 0 5 3 *',
      'Antarctica/Casey',
      '2010-03-03T00:00',
      '2010-03-06T00:00',
      ['03-04T13:30', '03-04T16:30'],
    ],
  ])('%s', (_, written, timezone, from, until, expected) => {
    expect(due(written, timezone, from, until)).toEqual(expected);
  });
});

/**
 * Debian's cron 3.0pl1-162 over both nights, one crontab line a job, sped up: `TZ=Europe/Rome LD_PRELOAD=libfaketime.so.1
 * FAKETIME='@2026-03-29 00:50:30 x120' cron -f`, and from `@2026-10-25 00:50:30`. Minutes after 0:50. At the jump it started the second
 * and the third of these jobs twice within the minute; here that is one run.
 */
test.each<[string, readonly number[], readonly number[]]>([
  ['30 2 * * *', [70], [100]],
  ['30,45 2 * * *', [70], [100, 115]],
  ['0 2-3 * * *', [70], [70, 190]],
  ['*/30 2 * * *', [], [70, 100, 130, 160]],
  ['30 * * * *', [40, 100], [40, 100, 160, 220, 280]],
  ['0 3 * * *', [70], [190]],
  ['15,45 */2 * * *', [], [85, 115, 145, 175, 265, 295]],
  ['0 1 * * *', [10], [10]],
  ['59 1 * * *', [69], [69]],
  ['30 3 * * *', [100], [220]],
])('%s as Debian runs it', (line, forward, back) => {
  const after = (from: number, minutes: number) =>
    occurrences({ schedule: [line], timezone: 'Europe/Rome' }, from, from + minutes * 60_000).map(
      (at) => (at - from) / 60_000,
    );
  expect(after(Date.parse('2026-03-28T23:50Z'), 130)).toEqual(forward);
  expect(after(Date.parse('2026-10-24T22:50Z'), 298)).toEqual(back);
});

describe('days', () => {
  test.each<[string, string, string, string, readonly string[]]>([
    [
      'day or weekday',
      '0 3 13 * 5',
      '2026-02-01T00:00',
      '2026-03-01T00:00',
      ['02-06T03:00', '02-13T03:00', '02-20T03:00', '02-27T03:00'],
    ],
    [
      'Sunday by its other number',
      '0 3 * * 7',
      '2026-02-01T00:00',
      '2026-02-09T00:00',
      ['02-01T03:00', '02-08T03:00'],
    ],
    [
      'every other day on Mondays: both',
      '0 3 */2 * 1',
      '2026-02-01T00:00',
      '2026-03-01T00:00',
      ['02-09T03:00', '02-23T03:00'],
    ],
    [
      'the end of months',
      '0 0 31 * *',
      '2026-01-01T00:00',
      '2026-06-01T00:00',
      ['01-31T00:00', '03-31T00:00', '05-31T00:00'],
    ],
    [
      'steps on a range',
      '5-20/7 8 1 1 *',
      '2026-01-01T00:00',
      '2026-01-02T00:00',
      ['01-01T08:05', '01-01T08:12', '01-01T08:19'],
    ],
    ['a step longer than its field', '*/99 6 1 1 *', '2026-01-01T00:00', '2026-01-02T00:00', ['01-01T06:00']],
  ])('%s', (_, written, from, until, expected) => {
    expect(due(written, 'UTC', from, until)).toEqual(expected);
  });
});

describe('next', () => {
  test.each<[string, string, string, string | null]>([
    ['0 0 29 2 *', 'UTC', '2096-03-01T00:00', '2104-02-29T00:00'],
    ['0 0 29 2 *', 'UTC', '2026-01-01T00:00', '2028-02-29T00:00'],
    ['0 0 30 2 *', 'UTC', '2026-01-01T00:00', null],
    ['0 0 31 4,6,9,11 *', 'Europe/Rome', '2026-01-01T00:00', null],
    ['0 0 1 1 *', 'America/New_York', '2026-01-01T05:00', '2027-01-01T05:00'],
    ['30 2 * * *', 'Europe/Rome', '2026-03-28T12:00', '2026-03-29T01:00'],
    ['30 2 * * *', 'Europe/Rome', '2026-03-29T01:00', '2026-03-30T00:30'],
    ['* * * * *', 'Asia/Kathmandu', '2026-01-01T00:00', '2026-01-01T00:01'],
    ['0 12 30 12 *', 'Pacific/Apia', '2011-01-01T00:00', '2012-12-29T22:00'],
  ])('%s in %s after %s is at %s', (written, timezone, after, expected) => {
    const at = nextOccurrence(job(written, timezone), Date.parse(`${after}Z`));
    expect(at === null ? null : new Date(at).toISOString().slice(0, 16)).toBe(expected);
  });

  test('29 February on a Monday, at its longest', () => {
    const monday = { schedule: ['0 0 29 2 1'], timezone: 'UTC' };
    expect(nextOccurrence(monday, Date.UTC(2088, 2, 1))).toBe(Date.UTC(2112, 1, 29));
    for (let day = 0; day < 7; day += 1)
      expect(
        nextOccurrence({ schedule: [`0 0 29 2 ${day}`], timezone: 'UTC' }, Date.UTC(2090, 0, 1)),
      ).not.toBeNull();
  });
});

test.each([
  ['30 2 * * *', true],
  ['0,30 1-5/2 * * *', true],
  ['*/5 2 * * *', false],
  ['30 */2 * * *', false],
  ['30 * * * *', false],
])('%s at fixed times: %s', (line, expected) => {
  expect(isFixedTime(line)).toBe(expected);
});

test('what is no zone or no line throws', () => {
  expect(() => occurrences({ schedule: ['0 0 * * *'], timezone: 'Europe/Rom' }, 0, 1)).toThrow(RangeError);
  expect(() => occurrences({ schedule: ['0 0 * *'], timezone: 'UTC' }, 0, 1)).toThrow('five fields');
  expect(() => occurrences({ schedule: ['99 0 * * *'], timezone: 'UTC' }, 0, 1)).toThrow('99');
});

const field = (from: number, to: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: from, max: to }).map(String),
    fc
      .uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 })
      .map((all) => all.join(',')),
    fc.integer({ min: 1, max: to }).map((step) => `*/${step}`),
    fc
      .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  );
const anyJob = fc
  .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7), fc.constantFrom(...ZONES))
  .map(([minute, hour, day, month, weekday, zone]) =>
    job([minute, hour, day, month, weekday].join(' '), zone),
  );
const HOUR = 3_600_000;
const instant = fc
  .integer({ min: Date.UTC(2005, 0, 1) / 60_000, max: Date.UTC(2040, 0, 1) / 60_000 })
  .map((at) => at * 60_000);

test('a time in two parts has the occurrences of both, in order, each once', () => {
  fc.assert(
    fc.property(anyJob, instant, fc.nat(40 * 24), fc.nat(40 * 24), (of, a, first, second) => {
      const [b, c] = [a + first * HOUR, a + (first + second) * HOUR];
      const all = occurrences(of, a, c);
      expect([...occurrences(of, a, b), ...occurrences(of, b, c)]).toEqual(all);
      expect(all.every((at, i) => i === 0 || at > (all[i - 1] ?? at))).toBe(true);
      expect(nextOccurrence(of, a) ?? Infinity).toSatisfy((next: number) =>
        all[0] === undefined ? next > c : next === all[0],
      );
    }),
    { numRuns: 500 },
  );
});

test('each is at its local time, or right after a jump', () => {
  fc.assert(
    fc.property(anyJob, instant, (of, a) => {
      for (const at of occurrences(of, a, a + 200 * 24 * HOUR).slice(0, 500)) {
        const now = localFields(of.timezone, at);
        const then = localFields(of.timezone, at - 1);
        const isJump = now.local - then.local > 1_000;
        expect(isJump || of.schedule.some((line) => matches(line, now))).toBe(true);
      }
    }),
  );
});

/** Only lists, ranges and steps, as {@link field} has them. */
function matches(line: string, { fields }: ReturnType<typeof localFields>): boolean {
  return line.split(' ').every((text, i) =>
    text.split(',').some((item) => {
      const value = fields[i] ?? -1;
      const [range = '', step = '1'] = item.split('/');
      const low = i === 2 || i === 3 ? 1 : 0;
      if (range === '*') return (value - low) % Number(step) === 0;
      const [from, to = from] = range.split('-').map(Number);
      return value >= (from ?? 0) && value <= (to ?? 0) && (value - (from ?? 0)) % Number(step) === 0;
    }),
  );
}

test('ten years of every five minutes are there at once, and so is what comes once a year', () => {
  const often = occurrences(job('*/5 * * * *', 'Europe/Rome'), Date.UTC(2020, 0, 1), Date.UTC(2030, 0, 1));
  expect(often).toHaveLength(((Date.UTC(2030, 0, 1) - Date.UTC(2020, 0, 1)) / HOUR) * 12);
  expect(nextOccurrence(job('0 0 1 1 *', 'Asia/Tokyo'), Date.UTC(2026, 0, 2))).toBe(
    Date.UTC(2026, 11, 31, 15),
  );
});
