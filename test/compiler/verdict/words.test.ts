import { expect, test } from 'vitest';

import { durationWords } from '../../../src/compiler/verdict/duration-words.ts';
import type { Verdict } from '../../../src/compiler/verdict/verdict.ts';
import {
  capacityWords,
  verdictSummary,
  verdictWords,
  worstKind,
} from '../../../src/compiler/verdict/words.ts';

const ZERO: Verdict = { kind: 'zero-downtime', mechanism: 'socket swap' };
const OPEN: Verdict = { kind: 'unproven', must: 'it must try again' };
const GAP: Verdict = { kind: 'gap', reason: 'it is the only one', avoid: 'a `socket`', lengthMs: 2140 };
const VAGUE: Verdict = { ...GAP, lengthMs: null };

test('one line each', () => {
  expect([ZERO, GAP, VAGUE, OPEN].map(verdictWords)).toEqual([
    'zero downtime: socket swap',
    'gap about 2.1 s: it is the only one; avoid: a `socket`',
    'gap: it is the only one; avoid: a `socket`',
    'unproven: it must try again',
  ]);
});

test.each<[readonly Verdict[], string | null, Verdict['kind'] | null]>([
  [[], null, null],
  [[ZERO, ZERO], 'Requests: zero downtime.', 'zero-downtime'],
  [[ZERO, OPEN], 'Requests: 1 unproven; 1 zero downtime.', 'unproven'],
  [[GAP], 'Requests: 1 gap of about 2.1 s.', 'gap'],
  [[VAGUE, OPEN], 'Requests: 1 gap; 1 unproven.', 'gap'],
  [[ZERO, VAGUE, VAGUE], 'Requests: 2 gaps; 1 zero downtime.', 'gap'],
  [
    [ZERO, OPEN, VAGUE, GAP, { ...GAP, lengthMs: 40 }],
    'Requests: 3 gaps, the longest about 2.1 s; 1 unproven; 1 zero downtime.',
    'gap',
  ],
])('%j', (verdicts, line, worst) => {
  expect(verdictSummary(verdicts)).toBe(line);
  expect(worstKind(verdicts)).toBe(worst);
});

test('capacity', () => {
  expect(capacityWords({ lowest: 1, of: 2 })).toBe('1 of 2 serves at the least');
  expect(capacityWords({ lowest: 0, of: 1 })).toBe('0 of 1 serve at the least');
});

test.each<[number, string]>([
  [0, '0 ms'],
  [7.4, '7 ms'],
  [996, '1 s'],
  [44, '40 ms'],
  [1000, '1 s'],
  [2149, '2.1 s'],
  [61_400, '61 s'],
  [150_000, '3 min'],
])('%d is %s', (ms, words) => {
  expect(durationWords(ms)).toBe(words);
});
