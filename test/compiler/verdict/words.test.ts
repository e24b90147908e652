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
const GAP = {
  kind: 'gap',
  reason: 'it is the only one',
  avoid: 'a `socket`',
  length: { kind: 'about', ms: 2140, by: 'as measured at the last apply' },
} as const;
const SHORT: Verdict = { ...GAP, length: { kind: 'instant' } };
const LASTING: Verdict = { ...GAP, length: { kind: 'lasting', until: '`haproxy` is started again' } };
const UNMEASURED: Verdict = {
  ...GAP,
  length: {
    kind: 'at-most',
    ms: 70_000,
    parts: [
      { ms: 10_000, what: 'to stop' },
      { ms: 60_000, what: 'to be ready' },
    ],
    measured: true,
  },
};

test('one line each', () => {
  expect([ZERO, GAP, SHORT, LASTING, UNMEASURED, OPEN].map(verdictWords)).toEqual([
    'zero downtime: socket swap',
    'gap of about 2.1 s, as measured at the last apply: it is the only one; avoid: a `socket`',
    'gap of an instant: it is the only one; avoid: a `socket`',
    'gap until `haproxy` is started again: it is the only one; avoid: a `socket`',
    'gap of at most 70 s (10 s to stop, 60 s to be ready), measured from the next apply on: it is the only one; avoid: a `socket`',
    'unproven: it must try again',
  ]);
});

test.each<[readonly Verdict[], string | null, Verdict['kind'] | null]>([
  [[], null, null],
  [[ZERO, ZERO], 'Requests: zero downtime.', 'zero-downtime'],
  [[ZERO, OPEN], 'Requests: 1 unproven; 1 zero downtime.', 'unproven'],
  [[GAP], 'Requests: 1 gap of about 2.1 s.', 'gap'],
  [[SHORT, OPEN], 'Requests: 1 gap of an instant; 1 unproven.', 'gap'],
  [[LASTING, UNMEASURED], 'Requests: 2 gaps, the longest until `haproxy` is started again.', 'gap'],
  [[GAP, UNMEASURED], 'Requests: 2 gaps, the longest of at most 70 s.', 'gap'],
  [[ZERO, SHORT, SHORT], 'Requests: 2 gaps, the longest of an instant; 1 zero downtime.', 'gap'],
  [
    [ZERO, OPEN, SHORT, GAP, { ...GAP, length: { ...GAP.length, ms: 40 } }],
    'Requests: 3 gaps, the longest of about 2.1 s; 1 unproven; 1 zero downtime.',
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
