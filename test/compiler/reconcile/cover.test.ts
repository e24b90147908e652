import { describe, expect, test } from 'vitest';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', instances: 2, socket: true, order: 'stop-first' };
const fixed: ContainerSketch = { ...app, fixed: true };

/** Instances whose only generation an apply stopped before it was cut off: it had let them go first. */
function stopped(sketch: ContainerSketch, instances: readonly string[]): ObservedState {
  const seen = settled(desiredState([sketch]));
  const isStopped = ({ instance }: ObservedContainer) => instances.includes(instance);
  return {
    ...seen,
    containers: seen.containers.map((one) =>
      isStopped(one) ? { ...one, state: 'exited', exitCode: 0, restart: 'no' } : one,
    ),
  };
}

function planned(sketch: ContainerSketch, seen: ObservedState): Plan {
  const result = reconcile(desiredState([{ ...sketch, image: 'app:2' }]), seen, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

function verbs({ nodes }: Plan, instance: string): readonly string[] {
  const group = `shop/${instance}`;
  return nodes.flatMap((node) => (node.group === group ? [node.id.slice(group.length + 1)] : []));
}

function undoOf({ nodes }: Plan, id: string): readonly string[] {
  return nodes.find((node) => node.id === `shop/${id}`)?.undo.map(({ kind }) => kind) ?? [];
}

function waitsOf({ nodes }: Plan, id: string): readonly string[] {
  return nodes.find((node) => node.id === `shop/${id}`)?.after ?? [];
}

describe('stop-first, one that does not run any more comes back beside those that serve', () => {
  test('the next one goes only when the balancer counts on it', () => {
    const plan = planned(fixed, stopped(fixed, ['app0']));
    expect(verbs(plan, 'app0')).toEqual([
      'create 2',
      'release 1',
      'stop 1',
      'clear 2',
      'start 2',
      'gate 2',
      'hand over to 2',
      'keep 2',
      'park 1',
      'switch 2',
      'await balancer 2',
      'gate again 2',
      'clear 1',
      'remove 1',
    ]);
    expect(waitsOf(plan, 'app1 create 2')).toEqual(['shop/app0 gate again 2']);
  });

  test('where it fails, the old one serves again before anybody else goes', () => {
    const plan = planned(fixed, stopped(fixed, ['app0']));
    expect(undoOf(plan, 'app0 stop 1')).toEqual(['container.start', 'container.gate', 'socket.reached']);
  });

  test('where it fails, what led to the old one leads there again', () => {
    const plan = planned(app, stopped(app, ['app0']));
    expect(undoOf(plan, 'app0 stop 1')).toEqual([
      'container.start',
      'container.gate',
      'socket.publish',
      'socket.reached',
    ]);
  });

  test('nobody waits for a balancer where nobody serves yet', () => {
    const plan = planned(fixed, stopped(fixed, ['app0', 'app1']));
    expect(plan.nodes.filter(({ op }) => op.kind === 'socket.reached')).toEqual([]);
  });
});
