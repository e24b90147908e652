import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { topologicalSort, type Edge } from '../../../src/compiler/graph.ts';

function sort(nodes: readonly string[], needs: Readonly<Record<string, readonly string[]>>) {
  const { order, cycles } = topologicalSort(nodes, (from): readonly Edge<string, null>[] =>
    (needs[from] ?? []).map((to) => ({ from, to, label: null })),
  );
  return {
    order: order.join(' '),
    cycles: cycles.map((hops) => hops.map(({ from, to }) => `${from}>${to}`).join(' ')),
  };
}

test('the given order stands where nothing else decides', () => {
  expect(sort(['c', 'a', 'b'], {})).toEqual({ order: 'c a b', cycles: [] });
});

test('what is needed comes right before who needs it first', () => {
  expect(sort(['app', 'web', 'db'], { app: ['db'] })).toEqual({ order: 'db app web', cycles: [] });
  expect(sort(['web', 'app', 'cache', 'db'], { web: ['app'], app: ['db', 'cache'] })).toEqual({
    order: 'db cache app web',
    cycles: [],
  });
});

test('cycles are given hop by hop, and the rest is still sorted', () => {
  expect(sort(['a', 'b', 'c', 'd'], { a: ['b'], b: ['c'], c: ['a'], d: ['d'] })).toEqual({
    order: 'c b a d',
    cycles: ['a>b b>c c>a', 'd>d'],
  });
});

test('a chain of a hundred thousand does not overflow', () => {
  const nodes = Array.from({ length: 100_000 }, (_, i) => i);
  const { order } = topologicalSort(nodes, (from) =>
    from + 1 < nodes.length ? [{ from, to: from + 1, label: 0 }] : [],
  );
  expect(order[0]).toBe(99_999);
});

test('every edge points backwards in the order, unless it closes a cycle', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(9))), (pairs) => {
      const nodes = Array.from({ length: 10 }, (_, i) => i);
      const { order, cycles } = topologicalSort(nodes, (node) =>
        pairs.filter(([from]) => from === node).map(([from, to]) => ({ from, to, label: null })),
      );
      expect([...order].sort((a, b) => a - b)).toEqual(nodes);
      const place = new Map(order.map((node, i) => [node, i]));
      const backward = pairs.filter(([from, to]) => (place.get(to) ?? 0) >= (place.get(from) ?? 0));
      expect(backward.length > 0).toBe(cycles.length > 0);
      for (const hops of cycles) {
        hops.forEach((hop, i) => expect(hop.to).toBe(hops[(i + 1) % hops.length]?.from));
      }
    }),
  );
});
