import { expect, test } from 'vitest';

import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

// What is told to take no new work before it stops (`quiet_signal`).

function worker(sketch: Omit<ContainerSketch, 'name'> = {}): DesiredState {
  const desired = desiredState([{ name: 'app', ...sketch }]);
  const containers = desired.containers.map((container) => ({
    ...container,
    instances: container.instances.map((instance) => ({
      ...instance,
      stop: { ...instance.stop, quietSignal: 'SIGTSTP', drainS: 300 },
    })),
  }));
  return { ...desired, containers };
}

function steps(desired: DesiredState, observed: ObservedState): readonly string[] {
  const result = reconcile(desired, observed, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value.nodes.map(({ op, undo }) =>
    [op.kind, ...('limitS' in op ? [op.limitS] : []), ...undo.map(({ kind }) => `↺ ${kind}`)].join(' '),
  );
}

const changed = (observed: ObservedState, change: Partial<ObservedContainer>) =>
  observed.containers.map((container) => ({ ...container, ...change }));

test('it is quiet before it is stopped', () => {
  expect(steps(worker({ image: 'app:2' }), settled(worker())).slice(-5)).toEqual([
    'container.alive',
    // Its successor works.
    'container.signal',
    'container.idle 300',
    'container.stop',
    'container.remove',
  ]);
});

test('stop-first: it works again, however far the way to its stop went', () => {
  const next = worker({ image: 'app:2', order: 'stop-first' });
  const told = steps(next, settled(worker({ order: 'stop-first' })));
  expect(told.slice(told.indexOf('container.signal ↺ container.stop ↺ container.start')).slice(0, 3)).toEqual(
    ['container.signal ↺ container.stop ↺ container.start', 'container.idle 300', 'container.stop'],
  );
});

test('one that does not run is told nothing', () => {
  const observed = settled(worker());
  const restarting = { ...observed, containers: changed(observed, { state: 'restarting' }) };
  const told = steps(worker({ image: 'app:2', order: 'stop-first' }), restarting);
  expect(told).not.toContain('container.idle 300');
  expect(told).toContain('container.stop ↺ container.start');
});

test('one that was let go, and stays after all, is started anew: it may be quiet', () => {
  const observed = settled(worker());
  const letGo = { ...observed, containers: changed(observed, { restart: 'no' }) };
  expect(steps(worker(), letGo)).toEqual(['container.stop', 'container.start', 'container.policy']);
});

test.each([
  ['running', false],
  ['exited', false],
  // Stop-first, a successor is started only after the stop.
  ['created', true],
] as const)('one that was let go beside a successor that is %s is started anew: %j', (state, isAnew) => {
  const observed = settled(worker());
  const letGo = changed(observed, { restart: 'no' });
  const next = changed(observed, {
    id: 'next',
    phase: 'next',
    generation: 2,
    engineName: 'shop-app0.2.next',
    restart: 'no',
    state,
  });
  const told = steps(worker(), { ...observed, containers: [...letGo, ...next] });
  expect(told.includes('container.start')).toBe(isAnew);
});

test.each([
  ['old', 1],
  ['next', 3],
] as const)('one that is left over as %s finishes its jobs, too', (phase, generation) => {
  const observed = settled(worker());
  const leftover = changed(observed, {
    id: phase,
    phase,
    generation,
    engineName: `shop-app0.${generation}.${phase}`,
    restart: 'no',
  });
  const two = changed(observed, { generation: 2 });
  expect(steps(worker(), { ...observed, containers: [...two, ...leftover] })).toEqual([
    'container.signal',
    'container.idle 300',
    'container.stop',
    'container.remove',
  ]);
});
