import { expect, test } from 'vitest';
import { nextOccurrence } from '../../../../src/compiler/cron/calendar.ts';
import {
  neverComes,
  parseCronLine,
  scheduleLines,
} from '../../../../src/compiler/spec/values/cron-schedule.ts';
import { outcome } from './outcome.ts';

function lines(text: string): readonly string[] | string {
  const fields = outcome(text, parseCronLine(text));
  return typeof fields === 'string' ? fields : scheduleLines(fields);
}

test.each([
  ['59 * * * *', ['59 * * * *']],
  ['  0  3\t*  * * ', ['0 3 * * *']],
  ['*/10 0-6,12 1,15 * *', ['*/10 0-6,12 1,15 * *']],
  ['0 0 * jan-mar MON', ['0 0 * 1-3 1']],
  ['0 0 * * 7', ['0 0 * * 0']],
  ['0 0 * * 5-7', ['0 0 * * 0,5,6']],
  ['0 0 * * 1-7/2', ['0 0 * * 0,1,3,5']],
  ['5/20 * * * *', ['5-59/20 * * * *']],
  // crontab(5): either of the two, when neither starts with a star.
  ['0 4 1 * mon', ['0 4 1 * *', '0 4 * * 1']],
  ['0 4 */2 * 1', ['0 4 */2 * 1']],
])('%s', (text, expected) => {
  expect(lines(text)).toEqual(expected);
});

test.each([
  ['0 0 31 2 *', true],
  ['0 0 30 feb *', true],
  ['0 0 31 4,6,9,11 *', true],
  ['0 0 30-31 2 *', true],
  ['0 0 31/2 4-6/2 *', true],
  ['0 0 29 2 *', false],
  ['0 0 31 2-3 *', false],
  ['0 0 */31 2 *', false],
  ['0 0 31 * *', false],
  ['0 0 31 */2 *', false],
  ['0 0 1,31 2 *', false],
  // Either of the two.
  ['0 0 31 2 mon', false],
])('%s never comes: %s', (text, never) => {
  const found = lines(text);
  expect(typeof found === 'string' ? found : neverComes(found)).toBe(never);
  if (typeof found === 'string') return;
  expect(nextOccurrence({ schedule: found, timezone: 'UTC' }, 0) === null).toBe(never);
});

test.each([
  ['* * * *', '«* * * *»: a schedule has five fields, not 4'],
  ['0 * * * * *', '«0 * * * * *»: a schedule has five fields, not 6'],
  ['@daily', '«@daily»: a schedule has five fields, not 1'],
  ['60 * * * *', '«60» * * * *: `60` cannot be the minute'],
  ['0 24 * * *', '0 «24» * * *: `24` cannot be the hour'],
  ['0 1,25 * * *', '0 1,«25» * * *: `25` cannot be the hour'],
  ['0 0 0 * *', '0 0 «0» * *: `0` cannot be the day'],
  ['0 0 * 13 *', '0 0 * «13» *: `13` cannot be the month'],
  ['0 0 * * 8', '0 0 * * «8»: `8` cannot be the weekday'],
  ['0 0 * * foo', '0 0 * * «foo»: `foo` cannot be the weekday'],
  ['*/0 * * * *', '«*/0» * * * *: `*/0` cannot be the minute'],
  ['9-5 * * * *', '«9-5» * * * *: `9-5` cannot be the minute'],
  ['1, * * * *', '1«,» * * * *: the minute is missing'],
])('%j is a problem', (text, problem) => {
  expect(lines(text)).toBe(problem);
});
