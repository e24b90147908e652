import { describe, expect, test } from 'vitest';
import type { ObservedContainer, Phase } from '../../../src/compiler/observed/observed-state.ts';
import { standing } from '../../../src/compiler/reconcile/standing.ts';
import { desiredState, settled } from '../../support/desired.ts';

const NAME = 'shop-app0';
const template = settled(desiredState([{ name: 'app' }])).containers[0] as ObservedContainer;

function generation(number: number, phase: Phase, engineName?: string): ObservedContainer {
  return {
    ...template,
    id: `id-${number}`,
    generation: number,
    phase,
    engineName: engineName ?? (phase === 'current' ? NAME : `${NAME}.${number}.${phase}`),
  };
}

describe('which generation is current, told by the names', () => {
  const table: readonly [
    string,
    readonly ObservedContainer[],
    number | null,
    string | null,
    readonly number[],
  ][] = [
    ['nothing there', [], null, null, []],
    ['one that carries the name', [generation(3, 'current')], 3, null, []],
    ['a half-made successor', [generation(1, 'current'), generation(2, 'next')], 1, null, [2]],
    ['cut off between the renames', [generation(1, 'old'), generation(2, 'next')], 2, 'finish', [1]],
    ['switched, the old one not removed yet', [generation(1, 'old'), generation(2, 'current')], 2, null, [1]],
    ['the successor is gone', [generation(1, 'old')], 1, 'restore', []],
    ['a first generation, half-made', [generation(1, 'next')], null, null, [1]],
    ['renamed by hand', [generation(4, 'current', 'mine')], 4, 'renamed', []],
    [
      'renamed by hand beside a real one',
      [generation(4, 'current', 'mine'), generation(5, 'current')],
      5,
      null,
      [4],
    ],
    ['only failed ones', [generation(1, 'failed')], null, null, []],
  ];
  test.each(table)('%s', (_, containers, current, rescue, leftovers) => {
    const result = standing(NAME, containers.toReversed());
    expect(result.current?.generation ?? null).toBe(current);
    expect(result.rescue).toBe(rescue);
    expect(result.leftovers.map((c) => c.generation)).toEqual(leftovers);
  });

  test('failed generations are kept apart and count for the next number', () => {
    const result = standing(NAME, [
      generation(1, 'current'),
      generation(2, 'failed'),
      generation(3, 'failed'),
    ]);
    expect(result.failed.map((c) => c.generation)).toEqual([3, 2]);
    expect(result.latest).toBe(3);
    expect(result.leftovers).toEqual([]);
  });
});
