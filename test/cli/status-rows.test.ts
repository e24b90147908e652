import { expect, test } from 'vitest';

import { statusRows } from '../../src/cli/status-rows.ts';
import type { ObservedContainer } from '../../src/compiler/observed/observed-state.ts';
import { desiredState, settled } from '../support/desired.ts';

test.each([
  ['the name leads to it', '.shop-app0.2', 'serves already, as shop-app0.2.next: an apply was cut off'],
  ['the name leads to the one before it', '.shop-app0.1', 'half-made, as shop-app0.2.next'],
])('a successor without its name: %s', (_, to, note) => {
  const observed = settled(desiredState([{ name: 'app', socket: true }]));
  const [one] = observed.containers;
  const [link] = observed.links;
  if (one === undefined || link === undefined) throw new Error('nothing is there');
  const next: ObservedContainer = {
    ...one,
    id: 'id-app0-2',
    engineName: 'shop-app0.2.next',
    generation: 2,
    phase: 'next',
    env: ['LISTEN=/run/socks/.shop-app0.2'],
  };
  const rows = statusRows({
    observed: {
      ...observed,
      containers: [one, next],
      links: [{ ...link, found: { kind: 'symlink', to, leads: true } }],
    },
    summaries: [],
    jobs: { jobs: [], agent: null, reader: null },
    plan: null,
    images: new Map(),
    health: new Map(),
    nowMs: 0,
  });
  expect(rows.map(({ generation, notes }) => [generation, notes])).toEqual([
    [1, []],
    [2, [note]],
  ]);
});
