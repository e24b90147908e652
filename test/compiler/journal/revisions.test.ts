import { describe, expect, it } from 'vitest';

import type { ApplyRecord, EndRecord, JournalRecord } from '../../../src/compiler/journal/record.ts';
import { commitOf, countsOf, revisionsOf } from '../../../src/compiler/journal/revisions.ts';
import { START } from './records.ts';

const APPLY: ApplyRecord = {
  type: 'apply',
  apply: 'a1',
  revision: 1,
  atMs: 900,
  command: 'apply',
  of: null,
  user: 'anna',
  host: 'laptop',
  program: '1',
  file: null,
  git: null,
  operations: 3,
};

const planned = (...ids: readonly string[]): JournalRecord => ({
  type: 'plan',
  apply: 'a1',
  changes: [],
  operations: ids.map((id) => ({ id, group: id.split(' ')[0] ?? '', op: { kind: 'container.start' } })),
});

const ended = (node: string, result: 'done' | 'failed' = 'done'): JournalRecord => ({
  ...START,
  node,
  result,
});

describe('the counts of a revision', () => {
  // The second instance fails, and the first goes back, but for the last of its operations.
  const rolled = [
    APPLY,
    planned('shop/app0 start 2', 'shop/app1 start 2', 'shop/app2 start 2'),
    ended('shop/app0 start 2'),
    ended('shop/app1 start 2', 'failed'),
    planned('shop/app0 back start 1', 'shop/app0 back stop 2'),
    ended('shop/app0 back start 1'),
  ];
  const expected = { done: 1, failed: 1, left: 1, back: { done: 1, all: 2 } };

  it('leave out what leads back, cut off or with an end', () => {
    const [cutOff] = revisionsOf(rolled);
    expect(cutOff?.operations).toBe(3);
    expect(cutOff === undefined ? null : countsOf(cutOff)).toEqual(expected);
    const end: EndRecord = {
      type: 'end',
      apply: 'a1',
      atMs: 5_000,
      tookMs: 4_100,
      result: 'failed',
      done: 2,
      failed: 1,
      left: 2,
    };
    const [over] = revisionsOf([...rolled, end]);
    expect(over === undefined ? null : countsOf(over)).toEqual(expected);
  });

  it('take an instance that is called back for what it is', () => {
    const [revision] = revisionsOf([APPLY, planned('shop/back start 1'), ended('shop/back start 1')]);
    expect(revision?.steps.map(({ isBack }) => isBack)).toEqual([false]);
  });
});

describe('the commit of a revision', () => {
  const git = { commit: '1cb67c4', dirty: false };
  const journal: readonly ApplyRecord[] = [
    { ...APPLY, apply: 'a2', revision: 2, git },
    { ...APPLY, apply: 'a3', revision: 3, git: { commit: '2222222', dirty: true } },
    { ...APPLY, apply: 'a4', revision: 4, command: 'rollback', of: 2 },
    { ...APPLY, apply: 'a5', revision: 5, command: 'abort', of: 4 },
    { ...APPLY, apply: 'a6', revision: 6, command: 'rollback', of: 1 },
    { ...APPLY, apply: 'a7', revision: 7, command: 'resume', of: 7 },
    { ...APPLY, apply: 'a8', revision: 8 },
  ];
  const revisions = revisionsOf(journal);

  it.each([
    ['its own', 2, { git, revision: 2 }],
    ['of what it made again', 4, { git, revision: 2 }],
    ['of what that made again', 5, { git, revision: 2 }],
    ['of what the journal has lost', 6, null],
    ['of itself', 7, null],
    ['of a file outside git', 8, null],
  ])('%s', (_, number, expected) => {
    const found = revisions.find(({ revision }) => revision === number);
    expect(found === undefined ? undefined : commitOf(found, revisions)).toEqual(expected);
  });
});
