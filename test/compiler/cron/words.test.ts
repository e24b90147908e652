import { expect, test } from 'vitest';

import { scheduleWords } from '../../../src/compiler/cron/words.ts';

test.each([
  [['30 3 * * *'], 'Europe/Rome', '30 3 * * * (Europe/Rome)'],
  [['0 3 1 * *', '0 3 * * 1'], 'UTC', '0 3 1 * * or 0 3 * * 1 (UTC)'],
])('%j in %s', (schedule, timezone, words) => {
  expect(scheduleWords({ schedule, timezone })).toBe(words);
});
