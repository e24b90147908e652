import fc from 'fast-check';
import { expect, test } from 'vitest';

import { occurrences } from '../../../src/compiler/cron/calendar.ts';
import { dueBetween } from '../../../src/compiler/cron/due.ts';
import { localFields, ZONES } from './plain-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEARS_MS = 3 * 365 * 24 * HOUR;

/** Days, hours and minutes at which a job runs; each of its own kind. */
const JOBS = [
  { line: '30 0 * * *', isFixed: true, at: (minute: number, hour: number) => hour === 0 && minute === 30 },
  { line: '15 2 * * *', isFixed: true, at: (minute: number, hour: number) => hour === 2 && minute === 15 },
  {
    line: '*/20 1-3 * * *',
    isFixed: false,
    at: (minute: number, hour: number) => hour >= 1 && hour <= 3 && minute % 20 === 0,
  },
  { line: '7 * * * *', isFixed: false, at: (minute: number) => minute === 7 },
];

/** Half hours at which local time is looked up; between them it is counted, since no zone here changes there. */
const STEP = 30 * MINUTE;
const FROM_MS = Date.UTC(2024, 0, 1);
const UNTIL_MS = FROM_MS + YEARS_MS;

/**
 * Walks through time as Debian's cron does, minute by minute: local minutes are counted, and the count says where they jump. Knows
 * nothing of offsets, stretches or calendars. Gives the minutes at which it would start each job.
 */
function byWalking(zone: string): readonly (readonly number[])[] {
  const started = JOBS.map((): number[] => []);
  let virtual = localFields(zone, FROM_MS).local;
  for (let from = FROM_MS; from < UNTIL_MS; from += STEP) {
    const base = localFields(zone, from).local;
    for (let now = from === FROM_MS ? from + MINUTE : from; now < from + STEP; now += MINUTE) {
      const local = base + (now - from);
      const isFar = Math.abs(local - virtual - MINUTE) >= 3 * HOUR;
      for (const [i, of] of JOBS.entries()) {
        const first = of.isFixed && !isFar ? virtual + MINUTE : local;
        let isDue = false;
        for (let at = first; at <= local; at += MINUTE)
          isDue ||= of.at(Math.floor(at / MINUTE) % 60, Math.floor(at / HOUR) % 24);
        if (isDue) started[i]?.push(now);
      }
      virtual = isFar ? local : Math.max(virtual, local);
    }
  }
  return started;
}

test.each(ZONES)('three years in %s', (zone) => {
  const found = JOBS.map(({ line }) =>
    occurrences({ schedule: [line], timezone: zone }, FROM_MS, UNTIL_MS - MINUTE),
  );
  expect(found).toEqual(byWalking(zone));
});

test('three years of ticks, one a minute', () => {
  const job = { schedule: ['15 2 * * *'], timezone: 'Europe/Rome' };
  const started: number[] = [];
  let handledMs = FROM_MS;
  for (let now = FROM_MS + MINUTE; now < UNTIL_MS; now += MINUTE) {
    const found = dueBetween({
      job,
      handledMs,
      nowMs: now,
      before: { nowMs: now - MINUTE, elapsedMs: MINUTE },
    });
    started.push(...found.due);
    if (found.missed !== null) throw new Error('nothing was missed');
    ({ handledMs } = found);
  }
  expect(started).toEqual(byWalking('Europe/Rome')[1]);
  // A million and a half of them.
}, 180_000);

/** What an agent goes through: minutes in which it ticks, is away, or somebody sets the clock. */
const day = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('ticks' as const), minutes: fc.integer({ min: 1, max: 200 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('away' as const), minutes: fc.integer({ min: 0, max: 2_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      minutes: fc.integer({ min: -2_000, max: 2_000 }),
    }),
  },
);

test('through outages and changes of the clock, nothing runs twice at a fixed time, and nothing is lost in silence', () => {
  fc.assert(
    fc.property(fc.array(day, { maxLength: 30, size: 'max' }), (story) => {
      const job = { schedule: ['15 2,14 * * *'], timezone: 'UTC' };
      let [nowMs, handledMs] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1)];
      let last: number | null = nowMs;
      let setMs = 0;
      const seen: number[] = [];
      const look = (elapsedMs: number) => {
        const earlier = handledMs;
        const found = dueBetween({
          job,
          handledMs,
          nowMs,
          before: last === null ? null : { nowMs: last, elapsedMs },
        });
        const wasFar = last !== null && Math.abs(setMs) >= 3 * HOUR - MINUTE;
        const wasSet = Math.abs(setMs) > MINUTE;
        // All that lies between is either due or missed, once; only what a change of the clock skips is summed up or left out.
        const between: number[] = [];
        for (let at = Math.floor(earlier / MINUTE) * MINUTE + MINUTE; at <= nowMs; at += MINUTE)
          if (at > earlier && [2 * 60 + 15, 14 * 60 + 15].includes((at / MINUTE) % 1_440)) between.push(at);
        if (!wasSet) expect(found.due.length + (found.missed?.count ?? 0)).toBe(between.length);
        else if (!wasFar && last !== null) expect(found.due).toEqual(between.slice(-1));
        if (!wasFar) for (const at of found.due) expect(seen).not.toContain(at);
        else seen.length = 0;
        if (handledMs - nowMs >= 3 * HOUR) seen.length = 0;
        seen.push(...found.due);
        expect(found.handledMs).toBeGreaterThanOrEqual(nowMs);
        ({ handledMs } = found);
        last = nowMs;
        setMs = 0;
      };
      for (const { kind, minutes } of story) {
        if (kind === 'ticks')
          for (let i = 0; i < minutes; i += 1) {
            nowMs += MINUTE;
            look(MINUTE);
          }
        else if (kind === 'away') {
          nowMs += minutes * MINUTE;
          last = null;
          look(0);
        } else if (last !== null) {
          setMs = minutes * MINUTE;
          nowMs += setMs + MINUTE;
          look(MINUTE);
        }
      }
    }),
    { numRuns: 100 },
  );
}, 120_000);
