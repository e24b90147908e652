import { describe, expect, test } from 'vitest';
import { instanceKey } from '../../src/compiler/desired/keys.ts';
import type { Operation } from '../../src/compiler/plan/operation.ts';
import { describeFailure } from '../../src/runtime/describe-failure.ts';
import { GateError } from '../../src/runtime/gate/gate-error.ts';
import { Targets } from '../../src/runtime/perform/targets.ts';
import { desiredState } from '../support/desired.ts';
import { memoryEngine } from '../support/memory-engine.ts';

type Gate = Extract<Operation, { readonly kind: 'container.gate' }>;

const APP = instanceKey('shop', 'app0');

const help = async (op: Omit<Gate, 'kind' | 'instance' | 'generation'>, apart: readonly string[] = []) => {
  const gate: Gate = { kind: 'container.gate', instance: APP, generation: 2, ...op };
  const failure = await describeFailure(new GateError('not ready'), gate, memoryEngine(), () => null, apart);
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

  test('by one that proxies would find: where it is not yet', async () => {
    expect(await help({ target: { kind: 'created', instance: APP, generation: 2 } }, ['db', 'front'])).toBe(
      "until it is ready it is not on `db` and `front`, where proxies would find it, and what it needs must be on its application's own network; `stack logs shop/app0`, fix the cause, and apply again",
    );
  });

  test('after a reload: the old files are back', async () => {
    const target = { kind: 'existing', id: 'two', generation: 2 } as const;
    expect(await help({ target, reloaded: true })).toContain('the old files come back');
  });
});

describe('of networks that proxies look at', () => {
  const instance = instanceKey('shop', 'app0');
  const gate = (target: Gate['target']): Operation => ({
    kind: 'container.gate',
    instance,
    generation: 2,
    target,
  });
  const made = gate({ kind: 'created', instance, generation: 2 });
  const app = { name: 'app', port: 3000, spec: { networks: ['front'] } };
  const apart = (env: Record<string, string>, op: Operation) =>
    new Targets(desiredState([{ ...app, env }])).apartFrom(op);

  test('a new one that they find is on none while its gate is asked', () => {
    expect(apart({ VIRTUAL_HOST: 'shop.example' }, made)).toEqual(['front']);
  });

  test('one that they do not find is, and one that was there before', () => {
    expect(apart({}, made)).toEqual([]);
    const old = gate({ kind: 'existing', id: 'one', generation: 1 });
    expect(apart({ VIRTUAL_HOST: 'shop.example' }, old)).toEqual([]);
  });
});
