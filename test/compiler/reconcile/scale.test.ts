import { describe, expect, test } from 'vitest';

import { containerKey } from '../../../src/compiler/desired/keys.ts';
import type { DesiredScale } from '../../../src/compiler/desired/scale.ts';
import type { ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, STACK, type ContainerSketch } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

const step = { step: 1, afterMs: 0 };
const scale: DesiredScale = {
  min: 1,
  max: 4,
  pace: { up: step, down: step, cooldownMs: 0 },
  schedule: [],
  sources: [],
  set: { container: 'shop/app', from: 2, to: 3, by: 'agent', at: 0, why: null },
};

/** The application and a neighbour, both of another version than what runs. */
const shop = (instances: number, more: Partial<ContainerSketch> = {}) =>
  desiredState([
    { name: 'app', instances, image: 'app:2', scale, socket: true, ...more },
    { name: 'web', image: 'web:2', after: ['app'] },
  ]);
const before = (instances: number): ObservedState =>
  settled(
    desiredState([
      { name: 'app', instances, image: 'app:1', socket: true },
      { name: 'web', image: 'web:1', after: ['app'] },
    ]),
  );

function planned(desired: ReturnType<typeof shop>, observed: ObservedState) {
  const request = { ...plainRequest, scale: { containers: [containerKey(STACK, 'app')] } };
  const result = reconcile(desired, observed, request);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join());
  return result.value;
}

describe('another number of instances', () => {
  test('makes what is missing, and replaces nobody, however much they differ', () => {
    expect(planText(planned(shop(3), before(2)))).toMatchInlineSnapshot(`
      "none shop/app0
      none shop/app1
      create shop/app2 -→1 (missing container -→-)

      [] #1 shop/app2 create 1: container.create undo: container.rename
      [1] #2 shop/app2 clear 1: socket.unlink undo: socket.unlink
      [2] #3 shop/app2 start 1: container.start undo: container.stop
      [3] #4 shop/app2 gate 1: container.gate
      [4] #5 shop/app2 publish 1: socket.publish undo: socket.unlink, socket.drain
      [5] #6 shop/app2 keep 1: container.policy undo: container.policy
      [6] #7 shop/app2 switch 1: container.rename undo: container.rename
      [7] #8 everything ready: checkpoint"
    `);
  });

  test('lets go what is too many, drained as ever, the highest first', () => {
    expect(planText(planned(shop(1), before(3)))).toMatchInlineSnapshot(`
      "none shop/app0
      remove shop/app2 1→- (dropped scale app2→-)
      remove shop/app1 1→- (dropped scale app1→-)

      [] #1 shop/app2 unpublish: socket.unlink
      [1] #2 shop/app2 drain 1: socket.drain
      [2] #3 shop/app2 stop 1: container.stop
      [3] #4 shop/app2 clear 1: socket.unlink
      [4] #5 shop/app2 remove 1: container.remove
      [5] #6 shop/app1 unpublish: socket.unlink
      [6] #7 shop/app1 drain 1: socket.drain
      [7] #8 shop/app1 stop 1: container.stop
      [8] #9 shop/app1 clear 1: socket.unlink
      [9] #10 shop/app1 remove 1: container.remove"
    `);
  });

  test('brings nobody back that died: that is for a healing', () => {
    const observed = before(3);
    const containers = observed.containers.map((one) =>
      one.instance === 'app1' ? { ...one, state: 'exited' as const } : one,
    );
    const { changes } = planned(shop(3), { ...observed, containers });
    expect(changes.filter(({ action }) => action !== 'none')).toEqual([]);
  });

  test('is told with whose number it is', () => {
    expect(planned(shop(3), before(2)).counts).toEqual([
      {
        container: 'shop/app',
        application: 'shop',
        name: 'app',
        count: 3,
        min: 1,
        max: 4,
        follows: false,
        set: scale.set,
      },
    ]);
  });
});
