import { expect, test } from 'vitest';

import type { ApplyCommand, SetCount } from '../../../src/compiler/journal/record.ts';
import { setCounts } from '../../../src/compiler/scale/set-counts.ts';

type Given = Parameters<typeof setCounts>[0][number];

const set = (container: string, to: number): SetCount => ({
  container,
  from: 1,
  to,
  by: 'agent',
  at: 0,
  why: null,
});
const end = (result: 'done' | 'failed'): Given['end'] => ({
  type: 'end',
  apply: 'x',
  atMs: 0,
  tookMs: 0,
  result,
  done: 1,
  failed: 0,
  left: 0,
});
const revision = (
  command: ApplyCommand,
  counts: readonly SetCount[],
  result: 'done' | 'failed' | 'cut off' = 'done',
): Given => ({ command, counts, end: result === 'cut off' ? null : end(result), steps: [] });
const of = (...revisions: readonly Given[]) =>
  Object.fromEntries([...setCounts(revisions)].map(([key, { to }]) => [key, to]));

test('the last that was set holds, of each container its own', () => {
  expect(of(revision('scale', [set('shop/app', 4)]), revision('scale', [set('shop/jobs', 2)]))).toEqual({
    'shop/app': 4,
    'shop/jobs': 2,
  });
});

test.each(['failed', 'cut off'] as const)('a scaling that %s never was', (result) => {
  expect(
    of(revision('scale', [set('shop/app', 4)]), revision('scale', [set('shop/app', 6)], result)),
  ).toEqual({
    'shop/app': 4,
  });
});

test('an apply says again what holds, and forgets what it does not say', () => {
  const app = [set('shop/app', 4)];
  expect(of(revision('apply', app), revision('heal', []), revision('rollback', app))).toEqual({
    'shop/app': 4,
  });
  expect(of(revision('scale', app), revision('apply', []))).toEqual({});
});

test('an apply that was cut off forgets nothing: whoever goes back wants it', () => {
  expect(of(revision('scale', [set('shop/app', 4)]), revision('apply', [], 'cut off'))).toEqual({
    'shop/app': 4,
  });
});

test('nor do its limits hold', () => {
  const cut = revision('apply', [set('shop/app', 3)], 'cut off');
  expect(of(revision('scale', [set('shop/app', 6)]), cut)).toEqual({ 'shop/app': 6 });
  expect(of(cut)).toEqual({ 'shop/app': 1 });
});

test('a scaling that failed tells what held before it, where the journal has lost that', () => {
  expect(of(revision('scale', [{ ...set('shop/app', 6), from: 4 }], 'failed'))).toEqual({ 'shop/app': 4 });
  expect(of(revision('scale', [{ ...set('shop/app', 6), first: true }], 'failed'))).toEqual({});
});

test('nothing is left of what was destroyed', () => {
  expect(of(revision('scale', [set('shop/app', 4)]), revision('destroy', []))).toEqual({});
});
