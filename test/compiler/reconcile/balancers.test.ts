import { describe, expect, test } from 'vitest';

import type { BalancerText } from '../../../src/compiler/balancer/running.ts';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { operationText } from '../../../src/cli/render/operation.ts';
import {
  adminVolume,
  desiredState,
  nothing,
  plainRequest,
  settled,
  type ContainerSketch,
} from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', instances: 2, port: 3000 };
const haproxy: ContainerSketch = {
  name: 'haproxy',
  after: ['app'],
  spec: { mounts: [adminVolume] },
};

const CONFIG = `global
  stats socket /admin/haproxy.sock level admin
backend app
  server app0 shop-app0:3000 check
  server app1 shop-app1:3000 check
`;

const text = (config: string): BalancerText => ({
  kind: 'read',
  main: ['/haproxy.cfg'],
  files: new Map([['/haproxy.cfg', config]]),
});

interface Given {
  readonly now?: readonly ContainerSketch[];
  readonly wanted: readonly ContainerSketch[];
  readonly config?: string;
  readonly change?: (containers: readonly ObservedContainer[]) => readonly ObservedContainer[];
}

function observedOf({ now = [app, haproxy], config = CONFIG, change = (all) => all }: Given): ObservedState {
  const seen = settled(desiredState(now));
  const volume = { name: 'shop-admin', application: 'shop', dataVolume: 'admin', path: '/admin' };
  const balancers = new Map(seen.containers.map(({ id }) => [id, text(config)]));
  return { ...seen, volumes: [volume], containers: change(seen.containers), balancers };
}

function planOf(given: Given): Plan {
  const plan = reconcile(desiredState(given.wanted), observedOf(given), plainRequest);
  if (!plan.ok) throw new Error(plan.diagnostics.map(({ message }) => message).join('\n'));
  return plan.value;
}

/** What is done to one instance, with the way back of what balancers are told. */
function steps(given: Given, instance: string): readonly string[] {
  return planOf(given)
    .nodes.filter(({ group }) => group === `shop/${instance}`)
    .map(({ op, undo }) => {
      const back = op.kind.startsWith('balancer.') && undo.length > 0;
      return operationText(op) + (back ? ` (undo: ${undo.map(operationText).join(', ')})` : '');
    });
}

const again = (sketch: ContainerSketch): ContainerSketch => ({ ...sketch, env: { NEW: '1' } });
const stopFirst: ContainerSketch = { ...app, order: 'stop-first' };

describe('start-first', () => {
  test('haproxy is told after the name has moved, then the old one drains', () => {
    expect(steps({ wanted: [again(app), haproxy] }, 'app0')).toEqual([
      'create generation 2',
      'start generation 2',
      'wait until generation 2 is ready',
      'restart policy unless-stopped for generation 2',
      'restart policy no for generation 1',
      'generation 1 becomes shop-app0.1.old',
      'generation 2 becomes shop-app0',
      'tell haproxy0 the address of generation 2 (undo: tell haproxy0 the address of generation 1, drain generation 2)',
      'drain generation 1',
      'see that generation 2 still runs',
      'stop generation 1 (limit 30 s)',
      'remove generation 1',
    ]);
  });

  test.each<[string, ContainerSketch]>([
    ['another port', { ...again(app), port: 4000 }],
    ['a socket', { name: 'app', instances: 2, socket: true }],
  ])('one that serves on %s now is not told: haproxy would not get there', (_, moved) => {
    const done = steps({ wanted: [moved, haproxy] }, 'app0');
    expect(done).toContain('generation 2 becomes shop-app0');
    expect(done.filter((step) => step.includes('haproxy0'))).toEqual([]);
  });

  test('in detail', () => {
    const ops = planOf({ wanted: [again(app), haproxy] }).nodes.map(({ op }) => op);
    expect(ops.find(({ kind }) => kind === 'balancer.point')).toEqual({
      kind: 'balancer.point',
      balancer: 'haproxy0',
      volume: 'shop-admin',
      path: '',
      name: 'haproxy.sock',
      servers: ['app/app0'],
      target: { kind: 'created', instance: 'shop/app0', generation: 2 },
      ready: false,
      limitS: 30,
    });
    expect(ops.find(({ kind }) => kind === 'ports.drain')).toEqual({
      kind: 'ports.drain',
      target: { kind: 'existing', id: 'id-app0-1', generation: 1 },
      ports: [3000],
      limitS: 30,
    });
  });

  test('the old one is drained on the port that it was made with', () => {
    const drained = (given: Given) =>
      planOf(given).nodes.flatMap(({ op }) => (op.kind === 'ports.drain' ? [op.ports] : []));
    const moved = { ...again(app), instances: 1, port: 4000 };
    expect(drained({ now: [{ ...app, instances: 1 }], wanted: [moved] })).toEqual([[3000]]);
    const unrecorded = (all: readonly ObservedContainer[]) =>
      all.map((seen) => {
        const { port: _, ...spec } = seen.spec ?? {};
        return { ...seen, spec: spec as ObservedContainer['spec'] };
      });
    // A label of an earlier version tells nothing: then it is the file's.
    expect(drained({ now: [{ ...app, instances: 1 }], wanted: [moved], change: unrecorded })).toEqual([
      [4000],
    ]);
  });

  describe('a haproxy that does not run yet', () => {
    const fresh = (sketches: readonly ContainerSketch[]) => {
      const desired = desiredState(sketches);
      const volumes = [
        { name: 'shop-admin', application: 'shop', dataVolume: 'admin', path: '/admin', adopted: false },
      ];
      const plan = reconcile({ ...desired, volumes }, nothing, plainRequest);
      return plan.ok ? plan.value.agents.map((agent) => agent.volumes) : plan.diagnostics;
    };
    const PATH = '/usr/local/etc/haproxy/haproxy.cfg';

    test.each<[string, readonly ContainerSketch[], readonly string[]]>([
      ['has its configuration in `files`', [app, { ...haproxy, files: { [PATH]: CONFIG } }], ['shop-admin']],
      [
        'has no runtime socket there',
        [app, { ...haproxy, files: { [PATH]: CONFIG.replace(/ {2}stats.*\n/, '') } }],
        [],
      ],
      [
        'lists nobody of the stack over TCP',
        [app, { ...haproxy, files: { [PATH]: CONFIG.replaceAll('shop-app', 'other') } }],
        [],
      ],
      ['has it elsewhere, and is named', [{ ...app, balancer: 'haproxy' }, haproxy], ['shop-admin']],
      ['has it elsewhere, and is not named', [app, haproxy], []],
    ])('%s', (_, sketches, volumes) => {
      expect(fresh(sketches)).toEqual([volumes]);
    });

    test('the agent of the first apply does for the second', () => {
      const sketches = [app, { ...haproxy, files: { [PATH]: CONFIG } }];
      const first = fresh(sketches)[0];
      const plan = planOf({ now: sketches, wanted: [again(app), { ...haproxy, files: { [PATH]: CONFIG } }] });
      expect(plan.agents.map((agent) => agent.volumes)).toEqual([first]);
    });
  });

  test('the agent mounts the volume of the runtime socket', () => {
    const plan = planOf({ wanted: [again(app), haproxy] });
    expect(plan.agents.map(({ volumes }) => volumes)).toEqual([['shop-admin']]);
    expect(plan.changes[0]).toMatchObject({ id: 'agent shop-agent', action: 'replace' });
  });

  test('nothing to do needs no other agent', () => {
    expect(planOf({ wanted: [app, haproxy] }).nodes).toEqual([]);
  });

  test('without a haproxy that can be told, it drains once its name has moved', () => {
    const done = steps({ wanted: [again(app), haproxy], config: '' }, 'app0');
    expect(done.slice(-5)).toEqual([
      'generation 2 becomes shop-app0',
      'drain generation 1',
      'see that generation 2 still runs',
      'stop generation 1 (limit 30 s)',
      'remove generation 1',
    ]);
  });

  test('without a port that is known, there is nothing to count', () => {
    const { port, ...unknown } = app;
    const given = { now: [unknown, haproxy], wanted: [again(unknown), haproxy], config: '' };
    expect(port).toBe(3000);
    expect(steps(given, 'app0')).not.toContain('drain generation 1');
  });

  test('one that does not run has nobody connected', () => {
    const change = (all: readonly ObservedContainer[]) =>
      all.map((seen) => (seen.instance === 'app0' ? { ...seen, state: 'exited' as const } : seen));
    expect(steps({ wanted: [again(app), haproxy], change }, 'app0')).not.toContain('drain generation 1');
  });
});

describe('stop-first', () => {
  test('with siblings it is taken out first, and the next one waits until it is back', () => {
    const given = { now: [stopFirst, haproxy], wanted: [again(stopFirst), haproxy] };
    expect(steps(given, 'app0')).toEqual([
      'create generation 2',
      'restart policy no for generation 1',
      'haproxy0 sends it no new requests (undo: tell haproxy0 the address of generation 1)',
      'drain generation 1',
      'haproxy0 sends it nothing',
      'stop generation 1 (limit 30 s)',
      'start generation 2',
      'wait until generation 2 is ready',
      'restart policy unless-stopped for generation 2',
      'generation 1 becomes shop-app0.1.old',
      'generation 2 becomes shop-app0',
      'tell haproxy0 the address of generation 2 (undo: haproxy0 sends it nothing, drain generation 2)',
      'remove generation 1',
    ]);
    const { nodes } = planOf(given);
    expect(nodes.find(({ id }) => id === 'shop/app1 create 2')?.after).toEqual([
      'shop/app0 tell haproxy0 of 2',
    ]);
    expect(nodes.flatMap(({ op }) => (op.kind === 'balancer.point' ? op.ready : []))).toEqual([true, true]);
  });

  test('alone, the only server is never taken out', () => {
    const one = { ...stopFirst, instances: 1 };
    const done = steps({ now: [one, haproxy], wanted: [again(one), haproxy] }, 'app0');
    expect(done).not.toContain('haproxy0 sends it nothing');
    expect(done).not.toContain('drain generation 1');
    expect(done.filter((step) => step.startsWith('tell haproxy0'))).toHaveLength(1);
  });

  test('a sibling that is brought up again in this very roll counts', () => {
    const change = (all: readonly ObservedContainer[]) =>
      all.map((seen) => (seen.instance === 'app0' ? { ...seen, state: 'exited' as const } : seen));
    const given = { now: [stopFirst, haproxy], wanted: [again(stopFirst), haproxy], change };
    expect(steps(given, 'app0')).not.toContain('haproxy0 sends it nothing');
    expect(steps(given, 'app1')).toContain('haproxy0 sends it nothing');
  });
});

describe('coming and going', () => {
  test('one instance fewer: taken out, drained, stopped', () => {
    const one = { ...app, instances: 1 };
    expect(steps({ wanted: [one, haproxy] }, 'app1')).toEqual([
      'restart policy no for generation 1',
      'haproxy0 sends it no new requests',
      'drain generation 1',
      'haproxy0 sends it nothing',
      'stop generation 1 (limit 30 s)',
      'remove generation 1',
    ]);
  });

  test('none left: nobody else is waited for', () => {
    expect(steps({ wanted: [haproxy] }, 'app0')).toEqual([
      'restart policy no for generation 1',
      'haproxy0 sends it nothing',
      'drain generation 1',
      'stop generation 1',
      'remove generation 1',
    ]);
  });

  test('one instance more, and one that is started again, may serve', () => {
    const change = (all: readonly ObservedContainer[]) =>
      all
        .filter(({ instance }) => instance !== 'app1')
        .map((seen) => (seen.instance === 'app0' ? { ...seen, state: 'exited' as const } : seen));
    const told = planOf({ wanted: [app, haproxy], change }).nodes.flatMap(({ op, group }) =>
      op.kind === 'balancer.point' ? [[group, op.ready]] : [],
    );
    expect(told).toEqual([
      ['shop/app0', true],
      ['shop/app1', true],
    ]);
  });
});

describe('an apply that was cut off', () => {
  const leftover = (phase: 'next' | 'old', generation: number) => (all: readonly ObservedContainer[]) => {
    const [first] = all;
    if (first === undefined) return all;
    const name = `shop-app0.${generation}.${phase}`;
    const id = `id-app0-${generation}`;
    return [
      ...all.map((seen) =>
        seen === first && generation === 1 ? { ...seen, generation: 2, id: 'id-app0-2' } : seen,
      ),
      { ...first, engineName: name, phase, generation, id },
    ];
  };

  test.each([
    ['before its name', 'next', 2, 1],
    ['after its name', 'old', 1, 2],
  ] as const)(
    '%s: haproxy is told the current one before what is left over stops',
    (_, phase, left, current) => {
      expect(steps({ wanted: [app, haproxy], change: leftover(phase, left) }, 'app0')).toEqual([
        `tell haproxy0 the address of generation ${current}`,
        `drain generation ${left}`,
        `stop generation ${left}`,
        `remove generation ${left}`,
      ]);
    },
  );
});

describe('a `balancer` that is named', () => {
  const named = { ...again(app), balancer: 'haproxy' };
  const warned = (given: Given) =>
    planOf(given).warnings.flatMap(({ code, message }) => (code === 'STK421' ? message : []));

  test('and can be told, is as it should be', () => {
    expect(warned({ wanted: [named, haproxy] })).toEqual([]);
  });

  test.each([
    [
      'stats socket /run/haproxy.sock level admin\nbackend app\n  server app0 shop-app0:3000',
      '`app` names `haproxy` as its `balancer`, which has its `stats socket` at /run/haproxy.sock, in no volume',
    ],
    [
      'stats socket /admin/haproxy.sock level admin\nbackend app\n  server app0 unix@/admin/app0.sock',
      '`app` names `haproxy` as its `balancer`, which does not list it by name',
    ],
  ])('%s', (config, message) => {
    expect(warned({ wanted: [named, haproxy], config: `global\n${config}` })).toEqual([message]);
  });

  test('and is another program', () => {
    const change = (all: readonly ObservedContainer[]) =>
      all.map((seen) => (seen.container === 'haproxy' ? { ...seen, command: ['nginx'] } : seen));
    expect(warned({ wanted: [named, haproxy], change })).toEqual([
      '`app` names `haproxy` as its `balancer`, which is no haproxy',
    ]);
  });

  test('and does not run yet, cannot be judged', () => {
    const now = [{ ...app }];
    expect(warned({ now, wanted: [named, haproxy] })).toEqual([]);
  });
});
