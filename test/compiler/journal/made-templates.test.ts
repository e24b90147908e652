import { expect, test } from 'vitest';

import type { ContainerKey } from '../../../src/compiler/desired/desired-state.ts';
import { madeTemplates } from '../../../src/compiler/journal/made-templates.ts';
import type { BackRecord, OperationRecord } from '../../../src/compiler/journal/record.ts';

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- branded
const JOB = 'shop/job' as ContainerKey;

const done = (node: string, result: OperationRecord['result'] = 'done'): OperationRecord => ({
  type: 'operation',
  apply: 'a',
  node,
  op: 'container.rename',
  container: null,
  instance: null,
  generation: null,
  atMs: 0,
  tookMs: 0,
  result,
  told: null,
  failure: null,
});
const back = (node: string): BackRecord => ({
  type: 'back',
  apply: 'a',
  atMs: 0,
  tookMs: 0,
  node,
  result: 'done',
});

const made = [done('shop/job create 1'), done('shop/job switch 1')];
const again = [done('shop/job create 2'), done('shop/job park 1'), done('shop/job switch 2')];
const undone = [back('shop/job switch 2'), back('shop/job park 1'), back('shop/job create 2')];

test.each([
  ['nobody has made', [], false],
  ['an apply has made', made, true],
  ['an apply has failed to make', [done('shop/job create 1'), done('shop/job switch 1', 'failed')], false],
  [
    'an apply has made and taken back',
    [...made, back('shop/job switch 1'), back('shop/job create 1')],
    false,
  ],
  ['an apply has made anew and gone back to', [...made, ...again, ...undone], true],
  ['a later apply has dropped', [...made, done('job shop/job remove 1')], false],
  ['has another one’s name at its end', [done('big/shop/job switch 1')], false],
])('a template that %s', (_, records, isMade) => {
  expect(madeTemplates(records, [JOB]).has(JOB)).toBe(isMade);
});
