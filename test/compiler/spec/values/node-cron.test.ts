import fc from 'fast-check';
import { validate } from 'node-cron';
import { expect, test } from 'vitest';
import { parseCronLine, scheduleLines } from '../../../../src/compiler/spec/values/cron-schedule.ts';

const field = (from: number, to: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min: from, max: to }).map(String),
    fc
      .tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to }))
      .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.integer({ min: 1, max: to }).map((step) => `*/${step}`),
  );

// Days to the 28th: node-cron refuses a date that no month has, where cron(5) only never comes to it.
test('the scheduler takes every line that a schedule comes to', () => {
  fc.assert(
    fc.property(fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)), (fields) => {
      const parsed = parseCronLine(fields.join(' '));
      if (!parsed.ok) return;
      for (const line of scheduleLines(parsed.value)) expect(validate(line), line).toBe(true);
    }),
  );
});
