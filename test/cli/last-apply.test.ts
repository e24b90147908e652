import { expect, test } from 'vitest';
import { nextWords } from '../../src/cli/last-apply.ts';
import { revisionsOf } from '../../src/compiler/journal/revisions.ts';

const [revision] = revisionsOf([
  {
    type: 'apply',
    apply: 'a1',
    revision: 1,
    atMs: 0,
    command: 'apply',
    of: null,
    operations: 1,
    user: 'anna',
    host: 'here',
    program: '1',
    file: null,
    git: null,
  },
]);

test.each([
  [
    'unfinished',
    false,
    '`stack resume` goes on with it, `stack destroy` takes it down: there is no revision to go back to',
  ],
  ['unfinished', true, '`stack resume` goes on with it: there is no revision to go back to'],
  [
    'failed',
    false,
    'mend the stack file and `stack apply`, or `stack destroy`: there is no revision to go back to',
  ],
  ['failed', true, 'mend the stack file and `stack apply`: there is no revision to go back to'],
] as const)('a first apply that is %s, with something adopted: %s', (kind, hasAdopted, words) => {
  if (revision === undefined) throw new Error('no revision');
  expect(nextWords({ revision, kind, canAbort: false, hasAdopted })).toBe(words);
});
