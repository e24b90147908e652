import { describe, expect, test } from 'vitest';
import type { ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan, PlanNode } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

/** The plan for another image of `sketch`. */
function planned(
  sketch: ContainerSketch,
  { was = sketch, seen = settled(desiredState([was])) }: { was?: ContainerSketch; seen?: ObservedState } = {},
): Plan {
  const result = reconcile(desiredState([{ ...sketch, image: 'app:2' }]), seen, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

/** `start 1`, …; a star for what is taken back when a later one fails. */
function verbs(nodes: readonly PlanNode[]): readonly string[] {
  return nodes.map(({ id, group, undoScope }) => {
    const verb = id.slice(group.length + 1).replace(/^back /, '');
    return undoScope === null ? verb : `${verb} *`;
  });
}

function backOf(plan: Plan, instance = 'app0'): readonly PlanNode[] {
  const turn = plan.rolls.flatMap(({ back }) => back).find(({ change }) => change === `shop/${instance}`);
  return turn?.nodes ?? [];
}

/** What each node waits for, by their last words. */
function edges(plan: Plan): readonly string[] {
  const short = (id: string) => id.replace('shop/', '');
  return plan.nodes
    .filter(({ id }) => / (?:create|bake|turn|monitor|remove)/.test(id))
    .map(({ id, after, follows }) => {
      const waits = after.map(short).join(', ');
      return `${short(id)} ← ${waits}${follows === undefined ? '' : ` after ${follows.map(short).join(', ')}`}`;
    });
}

const swapped: ContainerSketch = { name: 'app', socket: true, instances: 2 };

describe('the way back of an instance that was replaced', () => {
  test('over its socket, start-first', () => {
    const back = backOf(planned(swapped));
    expect(verbs(back)).toEqual([
      'clear 1 *',
      'start 1 *',
      'gate 1 *',
      'publish 1',
      'keep 1',
      'release 2',
      'park 2',
      'switch 1',
      'drain 2',
      'stop 2',
      'clear 2',
    ]);
    expect(back[0]?.after).toEqual(['shop/app0 clear 1']);
  });

  test('stop-first, while the others serve', () => {
    expect(verbs(backOf(planned({ ...swapped, order: 'stop-first' })))).toEqual([
      'release 2 *',
      'take path 2 *',
      'drain 2 *',
      'stop 2 *',
      'clear 1 *',
      'start 1 *',
      'gate 1 *',
      'publish 1',
      'keep 1',
      'park 2',
      'switch 1',
      'await balancer 1',
      'gate again 1',
      'clear 2',
    ]);
  });

  test('stop-first, alone', () => {
    expect(verbs(backOf(planned({ ...swapped, order: 'stop-first', instances: 1 })))).toEqual([
      'release 2 *',
      'hold 2 *',
      'drain 2 *',
      'stop 2 *',
      'clear 1 *',
      'start 1 *',
      'gate 1 *',
      'publish 1',
      'keep 1',
      'park 2',
      'switch 1',
      'clear 2',
    ]);
  });

  test('to one that binds the published path itself: the new one stops first', () => {
    expect(verbs(backOf(planned(swapped, { was: { ...swapped, fixed: true } })))).toEqual([
      'release 2 *',
      'take path 2 *',
      'drain 2 *',
      'stop 2 *',
      'clear 1 *',
      'start 1 *',
      'gate 1 *',
      'hand over to 1',
      'keep 1',
      'park 2',
      'switch 1',
      'await balancer 1',
      'gate again 1',
      'clear 2',
    ]);
  });

  test('by its name alone', () => {
    expect(verbs(backOf(planned({ name: 'app' })))).toEqual([
      'start 1 *',
      'gate 1 *',
      'keep 1',
      'release 2',
      'park 2',
      'switch 1',
      'stop 2',
    ]);
  });

  test('keeps the new one for inspection, and is ready as it was made', () => {
    const http = {
      kind: 'http',
      over: 'socket',
      path: '/old',
      status: [[200, 299]],
      timeoutMs: 1,
      intervalMs: 1,
    } as const;
    const seen = settled(desiredState([swapped]));
    const containers = seen.containers.map((one) => ({
      ...one,
      spec: one.spec === null ? null : { ...one.spec, gate: { ...http, limitMs: 5 } },
    }));
    const back = backOf(planned(swapped, { seen: { ...seen, containers } }));
    const ops = back.map(({ op }) => op);
    expect(ops).toContainEqual(
      expect.objectContaining({ kind: 'container.rename', name: 'shop-app0.2.failed' }),
    );
    expect(ops.find(({ kind }) => kind === 'container.gate')).toMatchObject({
      target: { kind: 'existing', id: 'id-app0-1' },
      made: { gate: { path: '/old', limitMs: 60_000 }, socket: { published: '/run/socks/app0.sock' } },
    });
    expect(ops.find(({ kind }) => kind === 'container.policy')).toMatchObject({ policy: 'unless-stopped' });
  });

  test('leads to nothing that did not run, and whose label nobody can read', () => {
    const seen = settled(desiredState([swapped]));
    const [one, two] = seen.containers;
    if (one === undefined || two === undefined) throw new Error('no containers');
    const containers = [
      { ...one, state: 'exited' as const, exitCode: 1 },
      { ...two, spec: null },
    ];
    expect(planned(swapped, { seen: { ...seen, containers } }).rolls).toMatchObject([{ back: [] }]);
  });

  test('is not there where nobody goes back, nor where nothing is replaced', () => {
    for (const onFailure of ['pause', 'continue'] as const)
      expect(planned({ ...swapped, rollout: { onFailure } }).rolls).toMatchObject([{ onFailure, back: [] }]);
    const added = reconcile(
      desiredState([{ ...swapped, instances: 3 }]),
      settled(desiredState([swapped])),
      plainRequest,
    );
    expect(added.ok && added.value.rolls).toEqual([]);
  });
});

describe('a roll', () => {
  test('is watched once it is over, which only the removal of what was replaced waits for', () => {
    expect(edges(planned({ ...swapped, rollout: { monitorMs: 10_000 } }))).toEqual([
      'app0 create 2 ← ',
      'app0 monitor 2 ← app0 clear 1',
      'app1 create 2 ← app0 publish 2',
      'app1 monitor 2 ← app1 clear 1',
      'app0 remove 1 ← everything done',
      'app1 remove 1 ← everything done',
    ]);
  });

  test('waits for its canary, and begins nothing ahead of it', () => {
    const rollout = { canary: { instances: 1, bakeMs: 60_000 } };
    expect(edges(planned({ ...swapped, instances: 4, rollout }))).toEqual([
      'app0 create 2 ← ',
      'app0 bake ← app0 clear 1',
      'app1 create 2 ← app0 publish 2, app0 bake',
      'app2 create 2 ← app1 start 2, app0 clear 1',
      'app3 create 2 ← app2 start 2, app1 clear 1',
      'app0 remove 1 ← app ready',
      'app1 remove 1 ← app ready',
      'app2 remove 1 ← app ready',
      'app3 remove 1 ← app ready',
    ]);
  });

  test('of a canary that is all of it, has none', () => {
    const rollout = { canary: { instances: 2, bakeMs: 60_000 } };
    const plan = planned({ ...swapped, rollout });
    expect(plan.rolls).toMatchObject([{ canary: null }]);
    expect(edges(plan)).toEqual(edges(planned(swapped)));
  });

  test('that goes on with the others follows each of them, whatever becomes of it', () => {
    expect(edges(planned({ ...swapped, rollout: { onFailure: 'continue' } }))).toEqual([
      'app0 create 2 ← ',
      'app1 turn ←  after app0 publish 2',
      'app1 create 2 ← app1 turn',
      'app0 remove 1 ← app ready',
      'app1 remove 1 ← app ready',
    ]);
  });

  test('that goes on with the others waits for what was taken back', () => {
    const plan = planned({ ...swapped, order: 'stop-first', rollout: { onFailure: 'continue' } });
    const stop = plan.nodes.find(({ id }) => id === 'shop/app0 stop 1');
    const taken = plan.nodes.find(({ id }) => id === 'shop/app0 take path 1');
    expect(stop?.undo.map(({ kind }) => kind)).toEqual(['container.start', 'container.gate']);
    expect(taken?.undo.map(({ kind }) => kind)).toEqual(['socket.publish', 'socket.reached']);
  });
});
