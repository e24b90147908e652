import { describe, expect, test } from 'vitest';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { withVerdicts } from '../../../src/compiler/verdict/with-verdicts.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', instances: 2, socket: true, fixed: true, order: 'stop-first' };
const file = { ...app, image: 'app:2' };

type Parts = Readonly<Record<string, Partial<ObservedContainer>>>;

/** An engine with `sketch`, but for what is said of some instances. */
function seenWith(sketch: ContainerSketch, parts: Parts): ObservedState {
  const seen = settled(desiredState([sketch]));
  return { ...seen, containers: seen.containers.map((one) => ({ ...one, ...parts[one.instance] })) };
}

const ended = { state: 'exited', exitCode: 0, restart: 'no' } as const;

/**
 * What an apply of `app:3` leaves that was cut off in app1's turn: app0 is replaced, its old generation gone, and app1 is still
 * what the file wants by now, with its path taken away and a new generation made beside it.
 */
function between(one: Partial<ObservedContainer>): ObservedState {
  const was = seenWith(file, { app1: { restart: 'no', ...one } });
  const next = settled(desiredState([{ ...app, image: 'app:3' }])).containers.map((made) => ({
    ...made,
    generation: 2,
    id: `id-${made.instance}-2`,
  }));
  const [app0, app1] = next;
  if (app0 === undefined || app1 === undefined) throw new Error('no containers');
  const half = { phase: 'next', engineName: 'shop-app1.2.next', state: 'created', restart: 'no' } as const;
  return {
    ...was,
    containers: [app0, ...was.containers.filter(({ instance }) => instance === 'app1'), { ...app1, ...half }],
    links: was.links.map((link) =>
      link.name === 'app1.sock' ? { ...link, found: { kind: 'nothing' } as const } : link,
    ),
  };
}

function planned(sketch: ContainerSketch, observed: ObservedState): Plan {
  const desired = desiredState([sketch]);
  const result = reconcile(desired, observed, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return withVerdicts(result.value, { desired, observed, times: new Map() });
}

function text({ nodes }: Plan): readonly string[] {
  return nodes.map(({ id, after }) => [id, ...after].join(' < ').replaceAll('shop/', ''));
}

function order({ nodes }: Plan): readonly string[] {
  const created = nodes.filter(({ op }) => op.kind === 'container.create');
  return created.map(({ group, after }) => `${group} < ${after.join()}`.replaceAll('shop/', ''));
}

describe('stop-first, who goes when', () => {
  test('one that does not run comes first, since the other one serves until it is there', () => {
    const plan = planned(file, seenWith(app, { app1: ended }));
    expect(order(plan)).toEqual(['app1 < ', 'app0 < app1 gate again 2']);
    expect(plan.changes.map(({ id }) => id)).toEqual(['shop/app0', 'shop/app1']);
    // The last one goes back first.
    expect(plan.rolls[0]?.back.map(({ change }) => change)).toEqual(['shop/app1', 'shop/app0']);
  });

  test('start-first, they take their turns by their numbers', () => {
    const sketch: ContainerSketch = { ...file, order: 'start-first', fixed: false };
    const plan = planned(sketch, seenWith({ ...sketch, image: 'app:1' }, { app1: ended }));
    expect(order(plan).map((line) => line.slice(0, 4))).toEqual(['app0', 'app1']);
  });

  test('one that an apply left half-done comes first, since balancers may not count on it', () => {
    expect(order(planned({ ...app, image: 'app:4' }, between({})))[0]).toBe('app1 < app1 remove 2');
  });

  test('one whose path may be away comes before one that has been replaced', () => {
    const seen = between({});
    const [app0] = seen.containers;
    if (app0 === undefined) throw new Error('no container');
    const old = { ...app0, ...ended, id: 'id-app0-1', generation: 1 };
    const left = { ...old, phase: 'old', engineName: 'shop-app0.1.old' } as const;
    const plan = planned({ ...app, image: 'app:4' }, { ...seen, containers: [...seen.containers, left] });
    expect(order(plan).map((line) => line.slice(0, 4))).toEqual(['app1', 'app0']);
  });

  test('of those that have been replaced the last one comes first', () => {
    const now = seenWith(file, {
      app0: { generation: 2, startedAt: '2026-01-01T00:00:05Z' },
      app1: { generation: 2, startedAt: '2026-01-01T00:00:09Z' },
    });
    const olds = seenWith(app, { app0: ended, app1: ended }).containers.map((one) => ({
      ...one,
      id: `${one.id}-old`,
      phase: 'old' as const,
      engineName: `${one.engineName}.1.old`,
    }));
    const plan = planned({ ...app, image: 'app:4' }, { ...now, containers: [...now.containers, ...olds] });
    expect(order(plan).map((line) => line.slice(0, 4))).toEqual(['app1', 'app0']);
  });

  test('one that is put back, and stays, is awaited by the balancer before the other one goes', () => {
    const plan = planned(file, between({}));
    expect(text(plan).slice(0, 9)).toEqual([
      'app1 publish back 2',
      'app1 clear 2 < app1 publish back 2',
      'app1 remove 2 < app1 clear 2',
      'app1 policy < app1 remove 2',
      'app1 await balancer 1 < app1 policy',
      'app1 gate again 1 < app1 await balancer 1',
      'app0 create 3 < app1 gate again 1',
      'app0 release 2 < app0 create 3',
      'app0 keep socket 2 < app0 release 2',
    ]);
  });

  test('one that is started, and stays, is awaited by the balancer before the other one goes', () => {
    const plan = planned(file, between(ended));
    expect(text(plan).slice(0, 12)).toEqual([
      'app1 publish back 2',
      'app1 clear 2 < app1 publish back 2',
      'app1 remove 2 < app1 clear 2',
      'app1 clear 1 < app1 remove 2',
      'app1 start 1 < app1 clear 1',
      'app1 gate 1 < app1 start 1',
      'app1 hand over to 1 < app1 gate 1',
      'app1 clear kept 1 < app1 hand over to 1',
      'app1 policy < app1 clear kept 1',
      'app1 await balancer 1 < app1 policy',
      'app1 gate again 1 < app1 await balancer 1',
      'app0 create 3 < app1 gate again 1',
    ]);
  });

  test('nobody is waited for where nobody goes', () => {
    const seen = between(ended);
    const [, ...others] = seen.containers;
    const [app0] = seenWith(file, {}).containers;
    if (app0 === undefined) throw new Error('no container');
    const { nodes } = planned(file, { ...seen, containers: [app0, ...others] });
    expect(nodes.filter(({ op }) => op.kind === 'socket.reached')).toEqual([]);
  });
});
