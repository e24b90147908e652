import { expect, test } from 'vitest';

import { statusRows } from '../../src/cli/status-rows.ts';
import type { ObservedContainer } from '../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../support/desired.ts';

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

const step = { step: 1, afterMs: 0 };
const scale = {
  min: 1,
  max: 4,
  pace: { up: step, down: step, cooldownMs: 0 },
  schedule: [],
  sources: [],
  set: null,
};

test.each<[string, readonly ContainerSketch[], string]>([
  [
    'it is scaled',
    [{ name: 'app', scale }],
    'above the number of instances: left by a scaling that failed, or over `max`',
  ],
  ['the file wants fewer', [{ name: 'app' }], 'more than `containers` in the file'],
  ['the file does not know it', [{ name: 'web' }], 'no longer in the file'],
])('an instance that goes with the next apply says why: %s', (_, sketches, note) => {
  const observed = settled(desiredState([{ name: 'app', instances: 3 }, { name: 'web' }]));
  const plan = reconcile(desiredState(sketches), observed, plainRequest);
  if (!plan.ok) throw new Error('there is no plan');
  const rows = statusRows({
    observed,
    summaries: [],
    jobs: { jobs: [], agent: null, reader: null },
    plan: plan.value,
    images: new Map(),
    health: new Map(),
    nowMs: 0,
  });
  const notes = rows.filter(({ instance }) => /^app[12]$/.test(instance)).map((row) => row.notes);
  expect(notes).toEqual([[note], [note]]);
});
