import { describe, expect, test } from 'vitest';
import { instanceKey } from '../../src/compiler/desired/keys.ts';
import type { Operation } from '../../src/compiler/plan/operation.ts';
import { describeFailure } from '../../src/runtime/describe-failure.ts';
import { GateError } from '../../src/runtime/gate/gate-error.ts';
import { memoryEngine } from '../support/memory-engine.ts';

type Gate = Extract<Operation, { readonly kind: 'container.gate' }>;

const APP = instanceKey('shop', 'app0');

const help = async (op: Omit<Gate, 'kind' | 'instance' | 'generation'>) => {
  const gate: Gate = { kind: 'container.gate', instance: APP, generation: 2, ...op };
  const failure = await describeFailure(new GateError('not ready'), gate, memoryEngine(), () => null);
  return failure.help;
};

describe('a gate that is not passed', () => {
  test('by what an earlier apply made: how to have another one', async () => {
    expect(await help({ target: { kind: 'existing', id: 'two', generation: 2 } })).toBe(
      'an earlier apply made it; `stack apply --force shop/app0` makes a new one in its place',
    );
  });

  test('by a new one: the next apply makes another anyway', async () => {
    expect(await help({ target: { kind: 'created', instance: APP, generation: 2 } })).toBeNull();
  });

  test('after a reload: the old files are back', async () => {
    const target = { kind: 'existing', id: 'two', generation: 2 } as const;
    expect(await help({ target, reloaded: true })).toContain('the old files come back');
  });
});
