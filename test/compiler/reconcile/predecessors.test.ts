import { describe, expect, test } from 'vitest';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan, PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', socket: true, instances: 3, image: 'app:2' };

/** What an instance looks like after its part of an apply that was cut off. */
type Part =
  | 'replaced'
  | 'stopping'
  | 'over'
  | 'before'
  | 'made'
  | 'crashing'
  | 'ended'
  | 'ended-early'
  | 'released'
  | 'failed-first';

/** Cut off on the way from `app:1` to `app:2`; the parts are those of app0, app1, … */
function cutOff(sketch: ContainerSketch, parts: readonly Part[]): ObservedState {
  const was = settled(desiredState([{ ...sketch, image: 'app:1' }]));
  const is = settled(desiredState([sketch]));
  const containers = parts.flatMap((part, index) => {
    const [old, current] = [was, is].map(({ containers: all }) =>
      all.find(({ instance }) => instance === `app${index}`),
    );
    if (old === undefined || current === undefined) throw new Error(`no app${index}`);
    return generations(part, old, current);
  });
  const links = is.links.map((link, index) => {
    const isTwo = parts[index] !== 'before' && parts[index] !== 'made';
    const to = `.shop-app${index}.${isTwo ? 2 : 1}`;
    return { ...link, found: { kind: 'symlink', to, leads: true } as const };
  });
  return { ...is, containers, links };
}

function generations(
  part: Part,
  old: ObservedContainer,
  current: ObservedContainer,
): readonly ObservedContainer[] {
  const { engineName, instance } = current;
  const two: ObservedContainer = {
    ...current,
    id: `id-${instance}-2`,
    generation: 2,
    env: [`LISTEN=/run/socks/.${engineName}.2`],
  };
  const left: ObservedContainer = {
    ...old,
    engineName: `${engineName}.1.old`,
    phase: 'old',
    restart: 'no',
    ...(part === 'stopping' || part === 'ended-early' ? {} : { state: 'exited', exitCode: 0 }),
  };
  const crashing: ObservedContainer = { ...two, state: 'restarting', exitCode: 6 };
  const failed: ObservedContainer = {
    ...old,
    engineName: `${engineName}.1.failed`,
    phase: 'failed',
    state: 'exited',
  };
  const by = {
    before: [old],
    made: [current],
    over: [two],
    replaced: [two, left],
    stopping: [two, left],
    crashing: [crashing, left],
    ended: [{ ...two, state: 'exited' as const, exitCode: 6 }, left],
    'ended-early': [crashing, left],
    released: [{ ...two, restart: 'no' }, left],
    'failed-first': [two, failed],
  };
  return by[part];
}

function planned(
  sketch: ContainerSketch,
  parts: readonly Part[],
  {
    request = {},
    seen = (state) => state,
  }: {
    readonly request?: Partial<PlanRequest>;
    readonly seen?: (state: ObservedState) => ObservedState;
  } = {},
): Plan {
  const result = reconcile(desiredState([sketch]), seen(cutOff(sketch, parts)), {
    ...plainRequest,
    ...request,
  });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

function verbsOf({ nodes }: Plan, instance: string): readonly string[] {
  return nodes.flatMap(({ id, group }) => (group === `shop/${instance}` ? [id.slice(group.length + 1)] : []));
}

function waitsOf({ nodes }: Plan, id: string): readonly string[] {
  return (nodes.find((node) => node.id === `shop/${id}`)?.after ?? []).map((one) => one.replace('shop/', ''));
}

function backs({ rolls }: Plan): readonly string[] {
  return rolls.flatMap(({ back }) => back.map(({ change }) => change.replace('shop/', '')));
}

describe('an apply that goes on with one that was cut off', () => {
  test('keeps what that one has replaced until it is over: all of them can go back', () => {
    const plan = planned({ ...app, rollout: { monitorMs: 10_000 } }, ['replaced', 'before', 'before']);
    expect(verbsOf(plan, 'app0')).toEqual(['clear 1', 'monitor 2', 'remove 1']);
    expect(waitsOf(plan, 'app1 create 2')).toEqual(['app0 clear 1']);
    expect(waitsOf(plan, 'app0 remove 1')).toEqual(['everything done']);
    const done = plan.nodes.find(({ id }) => id === 'everything done');
    expect(done?.after).toContain('shop/app0 monitor 2');
    expect(backs(plan)).toEqual(['app0', 'app1', 'app2']);
    expect(plan.changes.find(({ id }) => id === 'shop/app0')).toMatchObject({
      action: 'tidy',
      notes: [
        'replaced generation 1 before the apply was cut off; that one is the way back until this one is over',
      ],
    });
  });

  test.each(['start-first', 'stop-first'] as const)(
    'goes back by the same steps as any other: %s',
    (order) => {
      const sketch: ContainerSketch = { ...app, order, instances: 2 };
      const [again, whole] = [planned(sketch, ['replaced', 'before']), planned(sketch, ['before', 'before'])];
      const textOf = ({ rolls }: Plan) =>
        JSON.stringify(
          rolls[0]?.back[0]?.nodes.map(({ id, op, undo, undoScope }) => ({ id, op, undo, undoScope })),
        );
      const exists = JSON.stringify({ kind: 'existing', id: 'id-app0-2', generation: 2 });
      const created = JSON.stringify({ kind: 'created', instance: 'shop/app0', generation: 2 });
      expect(textOf(whole)).toContain(created);
      expect(textOf(again)).toBe(textOf(whole).replaceAll(created, exists));
    },
  );

  test('drains and stops an old one that still runs, and the next one goes only then', () => {
    const plan = planned(app, ['stopping', 'before', 'before']);
    expect(verbsOf(plan, 'app0')).toEqual(['drain 1', 'stop 1', 'clear 1', 'remove 1']);
    expect(waitsOf(plan, 'app1 create 2')).toEqual(['app0 clear 1']);
  });

  test('stop-first: the next one goes only when the balancer counts on it', () => {
    const plan = planned({ ...app, order: 'stop-first' }, ['replaced', 'before', 'before']);
    expect(verbsOf(plan, 'app0')).toEqual(['clear 1', 'await balancer 2', 'remove 1']);
    expect(waitsOf(plan, 'app1 create 2')).toEqual(['app0 await balancer 2']);
  });

  test('stop-first: goes back also where the balancer does not count on it', () => {
    const plan = planned({ ...app, order: 'stop-first' }, ['replaced', 'before', 'before']);
    expect(plan.nodes.find(({ id }) => id === 'shop/app0 await balancer 2')?.undoScope).toBe('shop/app0.2');
    expect(plan.rolls[0]?.back[0]?.nodes[0]?.after).toEqual([]);
  });

  test('makes up for its canary', () => {
    const rollout = { canary: { instances: 1, bakeMs: 60_000 } };
    const plan = planned({ ...app, rollout }, ['replaced', 'before', 'before']);
    expect(plan.rolls).toMatchObject([{ canary: { changes: ['shop/app0'], bakeMs: 60_000 } }]);
    expect(waitsOf(plan, 'app0 bake')).toEqual(['app0 clear 1']);
    expect(waitsOf(plan, 'app1 create 2')).toContain('app0 bake');
  });

  test('makes up for the rest of a canary of several', () => {
    const rollout = { canary: { instances: 2, bakeMs: 60_000 } };
    const plan = planned({ ...app, rollout }, ['replaced', 'before', 'before']);
    expect(plan.rolls).toMatchObject([{ canary: { changes: ['shop/app0', 'shop/app1'] } }]);
    const bake = plan.nodes.find(({ op }) => op.kind === 'canary.bake');
    expect(bake?.op).toMatchObject({ targets: [{ id: 'id-app0-2' }, { instance: 'shop/app1' }] });
    expect(waitsOf(plan, 'app2 create 2')).toContain('app1 bake');
  });

  test('watches once more where only the end was left', () => {
    const plan = planned({ ...app, rollout: { monitorMs: 10_000 } }, ['replaced', 'replaced', 'replaced']);
    expect(backs(plan)).toEqual(['app0', 'app1', 'app2']);
    expect(verbsOf(plan, 'app2')).toEqual(['clear 1', 'monitor 2', 'remove 1']);
  });

  test('only goes on to remove them where that had begun: not all could go back', () => {
    const plan = planned({ ...app, rollout: { monitorMs: 10_000 } }, ['over', 'replaced', 'replaced']);
    expect(plan.rolls).toEqual([]);
    expect(verbsOf(plan, 'app2')).toEqual(['clear 1', 'remove 1']);
  });

  test('is not misled by one that was made beside them', () => {
    expect(backs(planned(app, ['replaced', 'replaced', 'made']))).toEqual(['app0', 'app1']);
  });

  test.each(['pause', 'continue'] as const)(
    'that has no way back (`%s`) keeps them until it is over',
    (onFailure) => {
      const plan = planned({ ...app, rollout: { onFailure } }, ['replaced', 'before', 'before']);
      expect(plan.rolls).toMatchObject([{ onFailure, back: [] }]);
      expect(waitsOf(plan, 'app0 remove 1')).toEqual(['app ready']);
    },
  );

  test('removes at once what ended before it was replaced', () => {
    const spec = { restart: { name: 'no', maxRetries: 0 } } as const;
    const plan = planned({ ...app, spec }, ['replaced', 'before', 'before']);
    expect(verbsOf(plan, 'app0')).toEqual(['clear 1', 'remove 1']);
    expect(backs(plan)).toEqual(['app1', 'app2']);
  });

  test.each<[string, Part, readonly string[]]>([
    ['crashes', 'crashing', ['clear 1', 'monitor 2', 'remove 1']],
    [
      'crashes while the old one still serves',
      'ended-early',
      ['gate 2', 'drain 1', 'stop 1', 'clear 1', 'monitor 2', 'remove 1'],
    ],
    ['has ended', 'ended', ['clear 2', 'start 2', 'gate 2', 'publish 2', 'clear 1', 'monitor 2', 'remove 1']],
    ['was let go on the way back', 'released', ['policy', 'clear 1', 'monitor 2', 'remove 1']],
  ])('can go back where the new one %s', (_, part, steps) => {
    const plan = planned({ ...app, rollout: { monitorMs: 10_000 } }, [part, 'before', 'before']);
    expect(verbsOf(plan, 'app0')).toEqual(steps);
    expect(backs(plan)).toEqual(['app0', 'app1', 'app2']);
    expect(plan.rolls[0]?.back[0]?.nodes[0]?.after).toEqual([]);
    // What fails to come up again fails the container.
    for (const { id, undoScope } of plan.nodes)
      if (/app0 (?:start|gate) 2$/.test(id)) expect(undoScope).toBe('shop/app0.2');
  });

  test('begins nothing before the agent is there', () => {
    const sketch: ContainerSketch = {
      name: 'app',
      image: 'app:2',
      instances: 2,
      rollout: { canary: { instances: 1, bakeMs: 9_000 } },
    };
    const seen = ({ containers, ...rest }: ObservedState) => ({
      ...rest,
      agents: [],
      containers: containers.filter(({ instance }) => instance === 'app0'),
    });
    for (const rollout of [sketch.rollout ?? {}, {}]) {
      const { nodes } = planned({ ...sketch, rollout }, ['replaced', 'before'], { seen });
      const first = nodes.filter(({ after }) => after.length === 0).map(({ op }) => op.kind);
      expect(first.filter((kind) => !/^(?:agent|volume|network)\./.test(kind))).toEqual([]);
    }
  });

  test('is no other apply, in which somebody is replaced by its like', () => {
    const parts: readonly Part[] = ['replaced', 'replaced', 'replaced'];
    const request = { force: ['app2'] };
    expect(backs(planned(app, parts, { request }))).toEqual(['app2']);
  });

  test('replaces nobody by force once more', () => {
    const parts: readonly Part[] = ['replaced', 'made', 'made'];
    const request = { force: ['app'], goesOn: true };
    const plan = planned(app, parts, { request });
    expect(verbsOf(plan, 'app0')).toEqual(['clear 1', 'remove 1']);
    expect(verbsOf(plan, 'app1')).toContain('create 2');
    expect(backs(plan)).toEqual(['app0', 'app1', 'app2']);
  });

  test('has no canary where nobody comes after it', () => {
    const rollout = { canary: { instances: 1, bakeMs: 60_000 } };
    expect(planned({ ...app, rollout }, ['replaced', 'replaced', 'replaced']).rolls).toMatchObject([
      { canary: null },
    ]);
  });

  test('goes on whatever becomes of its canary, where the file says so', () => {
    const rollout = { onFailure: 'continue', canary: { instances: 1, bakeMs: 60_000 } } as const;
    const plan = planned({ ...app, rollout }, ['replaced', 'before', 'before']);
    const turn = plan.nodes.find(({ id }) => id === 'shop/app1 turn');
    expect([turn?.after, turn?.follows]).toEqual([['shop/app0 clear 1'], ['shop/app0 bake']]);
  });

  test('is not misled by one that failed when it was made', () => {
    expect(backs(planned(app, ['replaced', 'replaced', 'failed-first']))).toEqual(['app0', 'app1']);
  });

  test('goes back side by side where the ports of the host have changed', () => {
    const ports = (hostPort: number) => [
      { hostPort, containerPort: 3000, protocol: 'tcp', hostIp: null } as const,
    ];
    const sketch = (hostPort: number): ContainerSketch => ({
      name: 'app',
      image: 'app:2',
      instances: 1,
      order: 'stop-first',
      onlyPorts: true,
      port: 3000,
      spec: { ports: ports(hostPort) },
    });
    const seen = (state: ObservedState) => ({
      ...state,
      containers: state.containers.map((one) =>
        one.phase === 'old' && one.spec !== null
          ? { ...one, spec: { ...one.spec, ports: ports(8081) } }
          : one,
      ),
    });
    const plan = planned(sketch(8082), ['replaced'], { seen });
    expect(plan.rolls.flatMap(({ back }) => back.map(({ order }) => order))).toEqual(['start-first']);
  });
});
