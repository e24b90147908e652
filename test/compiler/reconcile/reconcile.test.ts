import { describe, expect, test } from 'vitest';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan, PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { isPending } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';
import type { ContainerSketch } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

function plan(desired: DesiredState, observed: ObservedState, request: Partial<PlanRequest> = {}): Plan {
  const result = reconcile(desired, observed, { ...plainRequest, ...request });
  if (!result.ok) throw new Error(result.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  return result.value;
}

/** The plan for one application after changing one thing on the engine. */
function withContainer(
  observed: ObservedState,
  name: string,
  change: Partial<ObservedContainer>,
): ObservedState {
  return {
    ...observed,
    containers: observed.containers.map((c) => (c.instance === name ? { ...c, ...change } : c)),
  };
}

const db: ContainerSketch = { name: 'db', mode: 'manual', order: 'stop-first' };
const second = { id: 'id-app0-2', generation: 2, env: ['LISTEN=/run/socks/.shop-app0.2'] };
const app: ContainerSketch = { name: 'app', instances: 2, socket: true, after: ['db'] };

describe('whole plans', () => {
  test('from nothing: preparation, dependencies first, instances side by side, the migration before them', () => {
    const desired = desiredState([db, { ...app, migration: ['migrate'] }, { name: 'nightly', mode: 'cron' }]);
    expect(planText(plan(desired, nothing, { agentImagePresent: false }))).toMatchInlineSnapshot(`
      "create network shop (missing network -→-)
      create volume shop-socks-run (missing volume -→-)
      build image stackc/agent:test (missing image -→-)
      create agent shop-agent (missing agent -→-)
      create agent shop-agent-engine (missing agent -→-)
      create shop/db0 -→1 (missing container -→-)
      run migration shop/app (missing record -→app:1 (app:1)) <- shop/db0
      create shop/app0 -→1 (missing container -→-) <- shop/db0, migration shop/app
      create shop/app1 -→1 (missing container -→-) <- shop/db0, migration shop/app
      schedule shop/nightly -→1 (missing template -→-)

      [] #1 network shop create: network.create
      [] #2 volume shop-socks-run create: volume.create
      [] #3 image stackc/agent:test build: agent.build
      [1,2,3] #4 agent shop-agent create: agent.create
      [4] #5 agent shop-agent start: agent.start
      [1,2,5,3] #6 agent shop-agent-engine create: agent.create
      [6] #7 agent shop-agent-engine start: agent.start
      [1,2,7] #8 prepare done: checkpoint
      [8] #9 shop/db0 create 1: container.create undo: container.rename
      [9] #10 shop/db0 start 1: container.start undo: container.stop
      [10] #11 shop/db0 gate 1: container.gate
      [11] #12 shop/db0 keep 1: container.policy undo: container.policy
      [12] #13 shop/db0 switch 1: container.rename undo: container.rename
      [8,13] #14 migration shop/app run: migration.run
      [8,13,14] #15 shop/app begin: checkpoint
      [15] #16 shop/app0 create 1: container.create undo: container.rename
      [16] #17 shop/app0 clear 1: socket.unlink undo: socket.unlink
      [17] #18 shop/app0 start 1: container.start undo: container.stop
      [18] #19 shop/app0 gate 1: container.gate
      [19] #20 shop/app0 publish 1: socket.publish undo: socket.unlink, socket.drain
      [20] #21 shop/app0 keep 1: container.policy undo: container.policy
      [21] #22 shop/app0 switch 1: container.rename undo: container.rename
      [15] #23 shop/app1 create 1: container.create undo: container.rename
      [23] #24 shop/app1 clear 1: socket.unlink undo: socket.unlink
      [24] #25 shop/app1 start 1: container.start undo: container.stop
      [25] #26 shop/app1 gate 1: container.gate
      [26] #27 shop/app1 publish 1: socket.publish undo: socket.unlink, socket.drain
      [27] #28 shop/app1 keep 1: container.policy undo: container.policy
      [28] #29 shop/app1 switch 1: container.rename undo: container.rename
      [22,29] #30 shop/app ready: checkpoint
      [8,13,30] #31 shop/nightly begin: checkpoint
      [31] #32 shop/nightly create 1: container.create undo: container.remove
      [32] #33 shop/nightly switch 1: container.rename undo: container.rename
      [13,30,33] #34 everything ready: checkpoint"
    `);
  });

  test('a port of the host that two generations share: who listens is noted before the start', () => {
    const front: ContainerSketch = {
      name: 'front',
      port: 80,
      spec: { network: 'host' },
      gate: {
        kind: 'http',
        over: { port: 8404 },
        path: '/',
        status: [[100, 499]],
        timeoutMs: 1000,
        intervalMs: 50,
        limitMs: 1000,
      },
    };
    const before = settled(desiredState([front]));
    const result = plan(desiredState([{ ...front, image: 'front:2' }]), before);
    expect(planText(result)).toMatchInlineSnapshot(`
      "replace shop/front0 1→2 (field image front:1 (front:1)→front:2 (front:2))

      [] #1 shop/front0 create 2: container.create undo: container.rename
      [1] #2 shop/front0 note ports 2: ports.note
      [2] #3 shop/front0 start 2: container.start undo: container.stop
      [3] #4 shop/front0 gate 2: container.gate
      [4] #5 shop/front0 keep 2: container.policy undo: container.policy
      [5] #6 shop/front0 release 1: container.policy undo: container.policy, container.start
      [6] #7 shop/front0 park 1: container.rename undo: container.rename
      [7] #8 shop/front0 switch 2: container.rename undo: container.rename
      [8] #9 shop/front0 still up 2: container.alive
      [9] #10 shop/front0 stop 1: container.stop
      [10] #11 shop/front0 remove 1: container.remove"
    `);
    expect(result.agents.map(({ plane }) => plane)).toEqual(['stack', 'host']);
    expect(result.nodes.flatMap(({ op }) => (op.kind === 'ports.note' ? op.ports : []))).toEqual([80, 8404]);
    const stopFirst = plan(desiredState([{ ...front, image: 'front:2', order: 'stop-first' }]), before);
    expect(planText(stopFirst)).not.toContain('ports.note');
  });

  test('the agent of the host is there for the ports alone, where the gate does not ask it', () => {
    const front: ContainerSketch = { name: 'front', port: 80, spec: { network: 'host' } };
    const { agents } = plan(desiredState([{ ...front, image: 'front:2' }]), settled(desiredState([front])));
    expect(agents.map(({ plane }) => plane)).toEqual(['stack', 'host']);
  });

  test('a new image: one instance after the other, start-first, old generations removed last', () => {
    const desired = desiredState([db, { ...app, image: 'app:2' }]);
    expect(planText(plan(desired, settled(desiredState([db, app]))))).toMatchInlineSnapshot(`
      "none shop/db0
      replace shop/app0 1→2 (field image app:1 (app:1)→app:2 (app:2))
      replace shop/app1 1→2 (field image app:1 (app:1)→app:2 (app:2)) <- shop/app0

      [] #1 shop/app0 create 2: container.create undo: container.rename
      [1] #2 shop/app0 clear 2: socket.unlink undo: socket.unlink
      [2] #3 shop/app0 start 2: container.start undo: container.stop
      [3] #4 shop/app0 gate 2: container.gate
      [4] #5 shop/app0 publish 2: socket.publish undo: socket.publish, socket.drain
      [5] #6 shop/app0 keep 2: container.policy undo: container.policy
      [6] #7 shop/app0 release 1: container.policy undo: container.policy, container.start
      [7] #8 shop/app0 park 1: container.rename undo: container.rename
      [8] #9 shop/app0 switch 2: container.rename undo: container.rename
      [9] #10 shop/app0 drain 1: socket.drain
      [10] #11 shop/app0 still up 2: container.alive
      [11] #12 shop/app0 stop 1: container.stop
      [12] #13 shop/app0 clear 1: socket.unlink
      [5] #14 shop/app1 create 2: container.create undo: container.rename
      [14] #15 shop/app1 clear 2: socket.unlink undo: socket.unlink
      [15] #16 shop/app1 start 2: container.start undo: container.stop
      [16] #17 shop/app1 gate 2: container.gate
      [17] #18 shop/app1 see forerunners: forerunners.alive
      [18] #19 shop/app1 publish 2: socket.publish undo: socket.publish, socket.drain
      [19] #20 shop/app1 keep 2: container.policy undo: container.policy
      [20] #21 shop/app1 release 1: container.policy undo: container.policy, container.start
      [21] #22 shop/app1 park 1: container.rename undo: container.rename
      [22] #23 shop/app1 switch 2: container.rename undo: container.rename
      [23] #24 shop/app1 drain 1: socket.drain
      [24] #25 shop/app1 still up 2: container.alive
      [25] #26 shop/app1 stop 1: container.stop
      [26] #27 shop/app1 clear 1: socket.unlink
      [13,27] #28 shop/app ready: checkpoint
      [28] #29 shop/app0 remove 1: container.remove
      [28] #30 shop/app1 remove 1: container.remove"
    `);
  });

  test('stop-first: created before the old one stops, and taken back by starting the old one', () => {
    const desired = desiredState([{ ...db, image: 'db:2' }]);
    const observed = settled(desiredState([db]));
    expect(planText(plan(desired, observed, { include: ['db'] }))).toMatchInlineSnapshot(`
      "replace shop/db0 1→2 (field image db:1 (db:1)→db:2 (db:2))

      [] #1 shop/db0 create 2: container.create undo: container.rename
      [1] #2 shop/db0 release 1: container.policy undo: container.policy, container.start
      [2] #3 shop/db0 stop 1: container.stop undo: container.start
      [3] #4 shop/db0 start 2: container.start undo: container.stop
      [4] #5 shop/db0 gate 2: container.gate
      [5] #6 shop/db0 keep 2: container.policy undo: container.policy
      [6] #7 shop/db0 park 1: container.rename undo: container.rename
      [7] #8 shop/db0 switch 2: container.rename undo: container.rename
      [8] #9 shop/db0 remove 1: container.remove"
    `);
  });

  test.each([
    [
      'its own path',
      false,
      [
        'take path 1 undo: socket.publish,socket.reached',
        'drain 1',
        'stop 1 undo: container.start,container.gate',
        'clear 2 undo: socket.unlink',
        'start 2 undo: container.stop',
        'gate 2',
        'publish 2 undo: socket.publish,socket.drain',
      ],
    ],
    [
      'the published path itself',
      true,
      [
        'keep socket 1 undo: socket.restore,socket.reached',
        'take path 1',
        'drain 1',
        'stop 1 undo: container.start,container.gate',
        'clear 2 undo: socket.unlink,socket.restore',
        'start 2 undo: container.stop',
        'gate 2',
      ],
    ],
  ])(
    'stop-first beside others, on %s: its path is taken away until the next one is ready',
    (_, fixed, own) => {
      const sketch = { name: 'app', instances: 2, socket: true, order: 'stop-first', fixed } as const;
      const { nodes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
      const told = (instance: string) =>
        nodes
          .filter(
            ({ group, op }) => group === instance && /^(?:socket|container)\.(?!policy|rename)/.test(op.kind),
          )
          .map(({ id, undo }) => {
            const kinds = undo.map(({ kind }) => kind).join();
            return id.slice(instance.length + 1) + (kinds === '' ? '' : ` undo: ${kinds}`);
          });
      const then = ['await balancer 2', 'gate again 2', 'clear 1', 'remove 1'];
      expect(told('shop/app0')).toEqual(['create 2 undo: container.rename', ...own, ...then]);
      expect(told('shop/app1')).toEqual(told('shop/app0'));
      const begin = nodes.find(({ id }) => id === 'shop/app1 create 2');
      expect(begin?.after.map((at) => nodes.find(({ id }) => id === at)?.id)).toEqual([
        'shop/app0 gate again 2',
      ]);
    },
  );

  test('stop-first alone: what comes is held, and handed to the new generation, or back', () => {
    const sketch = { name: 'app', socket: true, order: 'stop-first' } as const;
    const { nodes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
    const sockets = nodes.filter(({ op }) => op.kind.startsWith('socket.'));
    expect(sockets.map(({ id, op, undo }) => [id, op.kind, undo.map(({ kind }) => kind).join()])).toEqual([
      ['shop/app0 hold 1', 'socket.hold', 'socket.release'],
      ['shop/app0 drain 1', 'socket.drain', ''],
      ['shop/app0 clear 2', 'socket.unlink', 'socket.unlink'],
      ['shop/app0 publish 2', 'socket.release', 'socket.hold,socket.drain'],
      ['shop/app0 clear 1', 'socket.unlink', ''],
    ]);
    expect(sockets[0]).toMatchObject({
      op: { link: 'app0.sock', as: '.hold.shop-app0', back: '.shop-app0.1', limitS: 130 },
      undo: [{ to: '.shop-app0.1', limitS: 60 }],
    });
  });

  test('stop-first alone on a path that cannot move: what comes is held until the new one has to bind it', () => {
    const sketch = { name: 'app', socket: true, fixed: true, order: 'stop-first' } as const;
    const { nodes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
    const told = nodes.filter(({ op }) => /^socket\.|container\.(?:start|stop)/.test(op.kind));
    expect(told.map(({ id, op, undo }) => [id, op.kind, undo.map(({ kind }) => kind).join()])).toEqual([
      ['shop/app0 keep socket 1', 'socket.keep', 'socket.restore'],
      ['shop/app0 hold 1', 'socket.hold', 'socket.release'],
      ['shop/app0 drain 1', 'socket.drain', ''],
      // To bind it again, the old one needs its path free as well.
      ['shop/app0 stop 1', 'container.stop', 'socket.unlink,container.start'],
      ['shop/app0 clear 2', 'socket.unlink', 'socket.unlink'],
      ['shop/app0 start 2', 'container.start', 'container.stop'],
      ['shop/app0 hand over to 2', 'socket.release', 'socket.hold'],
      ['shop/app0 clear 1', 'socket.unlink', ''],
    ]);
    expect(told[1]).toMatchObject({
      op: { link: 'app0.sock', as: '.hold.shop-app0', back: '.shop-app0.1', kept: true },
      undo: [{ to: 'app0.sock' }],
    });
    expect(told[6]).toMatchObject({ op: { link: 'app0.sock', to: 'app0.sock' } });
  });

  test('stop-first all at once: no path is taken away, all are held', () => {
    const sketch = {
      name: 'app',
      instances: 2,
      batch: 2,
      socket: true,
      fixed: true,
      order: 'stop-first',
    } as const;
    const { nodes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
    expect(nodes.filter(({ id }) => /take path|await/.test(id))).toEqual([]);
    expect(nodes.filter(({ op }) => op.kind === 'socket.hold')).toHaveLength(2);
  });

  test('fewer instances, on paths that cannot move: each is drained as well, and can be put back until it is gone', () => {
    const sketch = { name: 'app', socket: true, fixed: true, order: 'stop-first' } as const;
    const observed = settled(desiredState([{ ...sketch, instances: 2 }]));
    const { nodes } = plan(desiredState([sketch]), observed);
    expect(nodes.filter(({ group }) => group === 'shop/app1').map(({ id, op }) => [id, op.kind])).toEqual([
      // One that the engine starts again would bind its path once more.
      ['shop/app1 release 1', 'container.policy'],
      ['shop/app1 park 1', 'container.rename'],
      ['shop/app1 keep socket 1', 'socket.keep'],
      ['shop/app1 unpublish', 'socket.unlink'],
      ['shop/app1 drain 1', 'socket.drain'],
      ['shop/app1 stop 1', 'container.stop'],
      ['shop/app1 clear 1', 'socket.unlink'],
      ['shop/app1 remove 1', 'container.remove'],
    ]);
    expect(nodes.find(({ op }) => op.kind === 'socket.drain')?.op).toMatchObject({
      name: '.shop-app1.1',
      bound: 'app1.sock',
    });
    // Cut off before its stop, and wanted again.
    const parked = observed.containers.map((seen) =>
      seen.instance === 'app1' ? { ...seen, engineName: 'shop-app1.1.old', phase: 'old' as const } : seen,
    );
    const again = plan(desiredState([{ ...sketch, instances: 2 }]), { ...observed, containers: parked });
    expect(again.nodes.map(({ id, op }) => [id, op.kind])).toEqual([
      ['shop/app1 name', 'container.rename'],
      ['shop/app1 publish again', 'socket.restore'],
    ]);
  });

  test('fewer instances: the highest goes, its path first', () => {
    const desired = desiredState([{ ...app, after: [], instances: 1 }]);
    expect(
      planText(plan(desired, settled(desiredState([{ ...app, after: [], instances: 3 }])))),
    ).toMatchInlineSnapshot(`
      "none shop/app0
      remove shop/app2 1→- (dropped containers app2→-)
      remove shop/app1 1→- (dropped containers app1→-)

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

  test('cut off between the renames: the switch is finished and the old generation tidied', () => {
    const desired = desiredState([{ ...app, after: [], instances: 1 }]);
    const observed = settled(desired);
    const [one] = observed.containers;
    if (one === undefined) throw new Error('no container');
    const containers: readonly ObservedContainer[] = [
      { ...one, phase: 'old', engineName: 'shop-app0.1.old', restart: 'no' },
      { ...one, ...second, phase: 'next', engineName: 'shop-app0.2.next' },
    ];
    expect(planText(plan(desired, { ...observed, containers, links: [] }))).toMatchInlineSnapshot(`
      "tidy shop/app0

      [] #1 shop/app0 name: container.rename
      [1] #2 shop/app0 drain 1: socket.drain
      [2] #3 shop/app0 stop 1: container.stop
      [3] #4 shop/app0 clear 1: socket.unlink
      [4] #5 shop/app0 remove 1: container.remove"
    `);
  });

  test('a copy that somebody made by hand goes, and the socket of the one that it is a copy of stays', () => {
    const desired = desiredState([{ ...app, after: [], instances: 1 }]);
    const observed = settled(desired);
    const [one] = observed.containers;
    if (one === undefined) throw new Error('no container');
    const copy: ObservedContainer = { ...one, id: 'id-copy', engineName: 'shop-app0-copy' };
    const { changes, nodes } = plan(desired, { ...observed, containers: [one, copy] });
    expect(changes).toMatchObject([
      { action: 'tidy', notes: ['removes shop-app0-copy, a copy of generation 1 made by hand'] },
    ]);
    expect(nodes.map(({ op }) => op)).toMatchObject([
      { kind: 'container.stop', target: { id: 'id-copy' } },
      { kind: 'container.remove', target: { id: 'id-copy' } },
    ]);
  });

  test('a name and a network that somebody gave it are drift, put right in place', () => {
    const desired = desiredState([{ ...app, after: [], instances: 1 }]);
    const observed = settled(desired);
    const containers = observed.containers.map((c) => ({
      ...c,
      engineName: 'mine',
      networks: { ...c.networks, bridge: [] },
    }));
    expect(planText(plan(desired, { ...observed, containers }))).toBe(
      [
        'update shop/app0 (drift name mine→shop-app0; drift network bridge connected→-)',
        '',
        '[] #1 shop/app0 name: container.rename',
        '[1] #2 shop/app0 leave bridge: container.disconnect',
      ].join('\n'),
    );
  });

  describe('a successor that was published before the apply was cut off', () => {
    const wanted = desiredState([{ ...app, after: [], instances: 1, image: 'app:2' }]);
    const before = settled(desiredState([{ ...app, after: [], instances: 1 }]));
    const [one] = before.containers;
    const [two] = settled(wanted).containers;
    if (one === undefined || two === undefined) throw new Error('no container');
    const next: ObservedContainer = { ...two, ...second, phase: 'next', engineName: 'shop-app0.2.next' };
    const [link] = before.links;
    if (link === undefined) throw new Error('no link');
    const cutOff: ObservedState = {
      ...before,
      containers: [one, next],
      links: [{ ...link, found: { kind: 'symlink', to: '.shop-app0.2', leads: true } }],
    };

    test('is the new generation: only the rest is done', () => {
      expect(planText(plan(wanted, cutOff))).toMatchInlineSnapshot(`
        "replace shop/app0 1→2 (leftover switch that was cut off generation 1→generation 2, which serves already; field image app:1 (app:1)→app:2 (app:2))

        [] #1 shop/app0 publish 2: socket.publish undo: socket.publish, socket.drain
        [1] #2 shop/app0 gate 2: container.gate
        [2] #3 shop/app0 keep 2: container.policy undo: container.policy
        [3] #4 shop/app0 release 1: container.policy undo: container.policy, container.start
        [4] #5 shop/app0 park 1: container.rename undo: container.rename
        [5] #6 shop/app0 switch 2: container.rename undo: container.rename
        [6] #7 shop/app0 drain 1: socket.drain
        [7] #8 shop/app0 still up 2: container.alive
        [8] #9 shop/app0 stop 1: container.stop
        [9] #10 shop/app0 clear 1: socket.unlink
        [10] #11 shop/app0 remove 1: container.remove"
      `);
    });

    test.each<[string, ObservedState, Partial<PlanRequest>]>([
      ['with another file', { ...cutOff, containers: [one, { ...next, imageId: 'sha256:app:3' }] }, {}],
      ['not published', { ...cutOff, links: before.links }, {}],
      ['not running', { ...cutOff, containers: [one, { ...next, state: 'exited' }] }, {}],
      ['replaced all the same', cutOff, { force: ['app'] }],
    ])('is half-made: %s', (_, observed, request) => {
      const { changes, nodes } = plan(wanted, observed, request);
      expect(changes.at(-1)).toMatchObject({ action: 'replace', from: 1, to: 3 });
      expect(nodes.map(({ id }) => id)).toContain('shop/app0 remove 2');
    });

    test('of a held one too: it was asked for', () => {
      const held = desiredState([{ ...app, after: [], instances: 1, image: 'app:2', mode: 'manual' }]);
      expect(plan(held, cutOff).changes[0]).toMatchObject({ action: 'replace', from: 1, to: 2 });
    });

    test('of the first one of all', () => {
      const first = { ...cutOff, containers: [next] };
      expect(planText(plan(wanted, first))).toMatchInlineSnapshot(`
        "create shop/app0 -→2 (leftover switch that was cut off -→generation 2, which serves already)

        [] #1 shop/app0 publish 2: socket.publish undo: socket.unlink, socket.drain
        [1] #2 shop/app0 gate 2: container.gate
        [2] #3 shop/app0 keep 2: container.policy undo: container.policy
        [3] #4 shop/app0 switch 2: container.rename undo: container.rename"
      `);
    });

    test('stop-first: the balancer counts on it before the next one goes', () => {
      const sketch: ContainerSketch = { ...app, after: [], image: 'app:2', order: 'stop-first' };
      const all = settled(desiredState([{ ...sketch, image: 'app:1' }]));
      const seen = {
        ...all,
        containers: [
          ...all.containers.map((c) => (c.instance === 'app0' ? { ...c, state: 'exited' as const } : c)),
          next,
        ],
        links: [...cutOff.links, ...all.links.slice(1)],
      };
      const of = plan(desiredState([sketch]), seen).nodes.filter(({ group }) => group === 'shop/app0');
      expect(of.map(({ id }) => id.replace('shop/app0 ', ''))).toEqual([
        'publish 2',
        'gate 2',
        'keep 2',
        'park 1',
        'switch 2',
        'await balancer 2',
        'gate again 2',
        'clear 1',
        'remove 1',
      ]);
      expect(of.flatMap(({ undo }) => undo)).toEqual([]);
    });
  });

  test('a half-made successor goes, and the link goes back to the current generation first', () => {
    const desired = desiredState([{ ...app, after: [], instances: 1 }]);
    const observed = settled(desired);
    const [one] = observed.containers;
    if (one === undefined) throw new Error('no container');
    const half: ObservedContainer = {
      ...one,
      id: 'id-app0-2',
      generation: 2,
      phase: 'next',
      engineName: 'shop-app0.2.next',
    };
    expect(planText(plan(desired, { ...observed, containers: [one, half] }))).toMatchInlineSnapshot(`
      "tidy shop/app0

      [] #1 shop/app0 publish back 2: socket.publish
      [1] #2 shop/app0 stop 2: container.stop
      [2] #3 shop/app0 clear 2: socket.unlink
      [3] #4 shop/app0 remove 2: container.remove"
    `);
  });
});

describe('a port of the host that changes', () => {
  const publishing = (...hostPorts: readonly (number | string)[]): ContainerSketch => ({
    name: 'web',
    port: 80,
    order: 'stop-first',
    onlyPorts: true,
    spec: {
      ports: hostPorts.map((given) => {
        const [hostPort, protocol = 'tcp'] = String(given).split('/');
        return {
          containerPort: 80,
          hostPort: Number(hostPort),
          hostIp: null,
          protocol: protocol as 'tcp' | 'udp',
        };
      }),
    },
  });
  const orderOf = (now: ContainerSketch, wanted: ContainerSketch) =>
    plan(desiredState([wanted]), settled(desiredState([now]))).changes.find(({ id }) => id === 'shop/web0')
      ?.strategy;

  test('is no reason to stop first', () => {
    expect(orderOf(publishing(8080), publishing(8081))).toEqual({
      order: 'start-first',
      why: 'each generation has its own port of the host',
    });
    expect(orderOf(publishing(8080), publishing('8080/udp'))?.order).toBe('start-first');
    expect(orderOf(publishing(8080, 8443), publishing(8081, 8444))?.order).toBe('start-first');
  });

  test.each([
    ['one of several stays', publishing(8080, 8443), publishing(8081, 8443)],
    ['one is added', publishing(8080), publishing(8080, 8081)],
    ['all stay', publishing(8080), { ...publishing(8080), env: { NEW: '1' } }],
    ['something else is in the way', publishing(8080), { ...publishing(8081), onlyPorts: false }],
  ])('stop-first: %s', (_, now, wanted) => {
    expect(orderOf(now, wanted)?.order).toBe('stop-first');
  });

  test('the old generation serves until the new one is ready', () => {
    const { nodes } = plan(desiredState([publishing(8081)]), settled(desiredState([publishing(8080)])));
    const kinds = nodes.flatMap(({ group, op }) => (group === 'shop/web0' ? [op.kind] : []));
    expect(kinds.indexOf('container.gate')).toBeLessThan(kinds.indexOf('container.stop'));
  });
});

describe('what leaves and what comes', () => {
  const port = { containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' } as const;
  const data = {
    type: 'volume',
    source: 'pg',
    target: '/data',
    readOnly: false,
    noCopy: true,
    relabel: null,
    dataVolume: 'pg',
  } as const;
  const handedOver = (before: ContainerSketch, after: ContainerSketch) => {
    const { nodes } = plan(desiredState([after]), settled(desiredState([before])), { allowRemoveAll: true });
    return nodes.filter((n) => n.group === `shop/${after.name}0` || n.group === `shop/${before.name}0`);
  };

  test.each([
    ['a host port', { spec: { ports: [port] } }],
    ['a volume with one writer', { order: 'stop-first' as const, spec: { mounts: [data] } }],
    ['the network of the host', { order: 'stop-first' as const, spec: { network: 'host' as const } }],
  ])('%s is handed over: stopped just before the start, with a way back, removed at the end', (_, sketch) => {
    const nodes = handedOver({ name: 'old', ...sketch }, { name: 'new', ...sketch });
    expect(nodes.map((n) => n.op.kind)).toEqual([
      'container.create',
      'container.policy',
      'container.stop',
      'container.start',
      'container.gate',
      'container.policy',
      'container.rename',
      'container.stop',
      'container.remove',
    ]);
    expect(nodes[2]).toMatchObject({ undoScope: 'shop/new0.1', undo: [{ kind: 'container.start' }] });
  });

  test('a socket name that the successor has published is left to it', () => {
    const names = handedOver({ name: 'old', socket: true }, { name: 'new', socket: true });
    expect(names.some((n) => n.op.kind === 'socket.unlink' && n.op.name === 'old0.sock')).toBe(true);
    const desired = desiredState([{ name: 'new', socket: true }]);
    const [container] = desired.containers;
    if (container === undefined) throw new Error('no container');
    const taken = container.instances.map((i) => ({
      ...i,
      socket: i.socket === null ? null : { ...i.socket, published: '/run/socks/old0.sock' },
    }));
    const swapped = { ...desired, containers: [{ ...container, instances: taken }] };
    const result = plan(swapped, settled(desiredState([{ name: 'old', socket: true }])), {
      allowRemoveAll: true,
    });
    expect(result.nodes.some((n) => n.op.kind === 'socket.unlink' && n.op.name === 'old0.sock')).toBe(false);
  });

  test('an old generation that was let go by an apply which was cut off is what a failure goes back to', () => {
    const sketch: ContainerSketch = { name: 'db', order: 'stop-first' };
    const observed = withContainer(settled(desiredState([sketch])), 'db0', {
      state: 'exited',
      exitCode: 0,
      restart: 'no',
    });
    const { nodes } = plan(desiredState([{ ...sketch, image: 'db:2' }]), observed);
    const undo = nodes
      .flatMap((n) => n.undo)
      .map((op) => ('policy' in op ? `${op.kind} ${op.policy}` : op.kind));
    expect(undo).toContain('container.policy unless-stopped');
    expect(nodes.find((n) => n.op.kind === 'container.stop')?.undo.map((op) => op.kind)).toEqual([
      'container.start',
    ]);
  });

  test('a batch begins when the whole batch before it is done', () => {
    const sketch: ContainerSketch = { name: 'app', instances: 5, batch: 2 };
    const { changes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
    expect(changes.map((c) => c.waitsFor.join(' '))).toEqual([
      '',
      '',
      'shop/app0 shop/app1',
      'shop/app0 shop/app1',
      'shop/app2 shop/app3',
    ]);
  });

  test.each([
    ['room for two: it starts while the one before it gets ready', 2, ['publish 2'], ['start 2', 'clear 1']],
    [
      'room for one: it waits until the one before it is gone',
      1,
      ['publish 2', 'clear 1'],
      ['publish 2', 'clear 1'],
    ],
    ['room for three: another one may be leaving', 3, ['publish 2'], ['start 2']],
  ])('%s', (_, surge, secondWaits, thirdWaits) => {
    const sketch: ContainerSketch = { name: 'app', instances: 4, socket: true, surge };
    const { nodes } = plan(desiredState([{ ...sketch, image: 'app:2' }]), settled(desiredState([sketch])));
    const before = (instance: string) =>
      nodes
        .find(({ id }) => id === `shop/${instance} create 2`)
        ?.after.map((id) => id.replace(/^shop\/app\d /, ''));
    // The first one shows that the new version works.
    expect(before('app1')).toEqual(secondWaits);
    expect(before('app2')).toEqual(thirdWaits);
    const gate = nodes.find(({ id }) => id === 'shop/app2 gate 2');
    expect(gate?.after).toEqual(['shop/app2 start 2', ...(surge > 1 ? ['shop/app1 publish 2'] : [])]);
  });

  test('a held container that was stopped is started as it was made', () => {
    const held = { name: 'app', mode: 'manual' as const };
    const observed = withContainer(settled(desiredState([held])), 'app0', { state: 'exited', exitCode: 0 });
    const gate = { kind: 'tcp', over: { port: 1 }, timeoutMs: 1, intervalMs: 1, limitMs: 1 } as const;
    const { nodes } = plan(desiredState([{ ...held, image: 'app:2', gate }]), observed);
    expect(nodes.map((n) => n.op.kind)).toEqual(['container.start', 'container.up']);
  });

  test('a stopped container whose restart policy changes gets both', () => {
    const never = { name: 'app', spec: { restart: { name: 'no', maxRetries: 0 } } } as const;
    const observed = withContainer(settled(desiredState([{ name: 'app' }])), 'app0', {
      state: 'exited',
      exitCode: 0,
    });
    expect(plan(desiredState([never]), observed).nodes.map((n) => n.op.kind)).toEqual([
      'container.start',
      'container.gate',
      'container.policy',
    ]);
  });

  test('two names that somebody exchanged are put right', () => {
    const desired = desiredState([{ name: 'app', instances: 2 }]);
    const observed = settled(desired);
    const containers = observed.containers.map((c) => ({
      ...c,
      engineName: c.instance === 'app0' ? 'shop-app1' : 'shop-app0',
    }));
    const names = plan(desired, { ...observed, containers }).nodes.flatMap((n) =>
      n.op.kind === 'container.rename' ? [n.op.name] : [],
    );
    expect(names).toEqual(['shop-app0.1.next', 'shop-app1.1.next', 'shop-app0', 'shop-app1']);
  });
});

describe('the mode table', () => {
  const sketch = (mode: 'auto' | 'manual', image = 'app:1') => desiredState([{ name: 'app', mode, image }]);
  const running = settled(sketch('auto'));
  const stopped = withContainer(running, 'app0', { state: 'exited', exitCode: 137 });
  const paused = withContainer(running, 'app0', { state: 'paused' });
  const table: readonly [string, DesiredState, ObservedState, Partial<PlanRequest>, string][] = [
    ['auto, missing', sketch('auto'), nothing, {}, 'create'],
    ['auto, as in the file', sketch('auto'), running, {}, 'none'],
    ['auto, stopped by hand', sketch('auto'), stopped, {}, 'start'],
    ['auto, paused by hand', sketch('auto'), paused, {}, 'update'],
    ['auto, another image', sketch('auto', 'app:2'), running, {}, 'replace'],
    ['auto, stopped and another image', sketch('auto', 'app:2'), stopped, {}, 'replace'],
    ['auto, forced', sketch('auto'), running, { force: ['app'] }, 'replace'],
    ['auto, forced by instance', sketch('auto'), running, { force: ['app0'] }, 'replace'],
    ['manual, missing', sketch('manual'), nothing, {}, 'create'],
    ['manual, as in the file', sketch('manual'), running, {}, 'none'],
    ['manual, stopped', sketch('manual'), stopped, {}, 'start'],
    ['manual, another image', sketch('manual', 'app:2'), running, {}, 'hold'],
    ['manual, stopped and another image', sketch('manual', 'app:2'), stopped, {}, 'start'],
    ['manual, another image, included', sketch('manual', 'app:2'), running, { include: ['app'] }, 'replace'],
    ['manual, forced', sketch('manual'), running, { force: ['app0'] }, 'replace'],
    ['manual, included and the same', sketch('manual'), running, { include: ['app'] }, 'none'],
  ];
  test.each(table)('%s', (_, desired, observed, request, action) => {
    const { changes } = plan(desired, observed, request);
    expect(changes.find((c) => c.id === 'shop/app0')?.action).toBe(action);
  });

  test('held changes are listed and nothing is pending', () => {
    const { changes, nodes } = plan(sketch('manual', 'app:2'), running);
    expect(nodes).toEqual([]);
    expect(changes.filter(isPending)).toEqual([]);
    expect(changes[0]?.reasons).toEqual([
      { kind: 'field', field: 'image', from: 'app:1 (app:1)', to: 'app:2 (app:2)' },
    ]);
  });

  test('a job starts nothing, and a daemon that became a job is removed', () => {
    const desired = desiredState([{ name: 'app' }, { name: 'job', mode: 'cron' }]);
    const result = plan(desired, settled(desiredState([{ name: 'app' }, { name: 'job' }])));
    expect(result.changes.map((c) => `${c.action} ${c.id}`)).toEqual([
      'create agent shop-agent-engine',
      'none shop/app0',
      'schedule shop/job',
      'remove shop/job0',
    ]);
  });
});

describe('reasons', () => {
  function reasons(
    before: ContainerSketch,
    after: ContainerSketch,
    observed: Partial<ObservedContainer> = {},
  ) {
    const engine = withContainer(settled(desiredState([before])), `${before.name}0`, observed);
    return plan(desiredState([after]), engine)
      .changes.find((c) => c.id === `shop/${after.name}0`)
      ?.reasons.map((r) => `${r.kind} ${r.field}: ${r.from} → ${r.to}`);
  }
  const web: ContainerSketch = { name: 'web' };

  test('environment: added, changed, removed', () => {
    expect(reasons({ ...web, env: { A: '1', B: '2' } }, { ...web, env: { A: '2', C: 'x y' } })).toEqual([
      'field env A: "1" → "2"',
      'field env B: "2" → null',
      'field env C: null → "x y"',
    ]);
  });

  test('masked values never show, before or after', () => {
    const before = { ...web, env: { A: 'hush', P: 'hush' }, masked: ['A', 'P'] };
    expect(reasons(before, { ...web, env: { A: 'plain', Q: 'new' }, masked: ['Q'] })).toEqual([
      'field env A: (masked) → "plain"',
      'field env P: (masked) → null',
      'field env Q: null → (masked)',
    ]);
    expect(
      JSON.stringify(reasons(before, { ...web, env: { A: 'other', P: 'hush' }, masked: ['A', 'P'] })),
    ).not.toMatch(/hush|other/);
  });

  test('fields of the spec, by name', () => {
    expect(
      reasons(
        { ...web, spec: { command: ['a'], memory: null } },
        { ...web, spec: { command: ['b', 'c'], user: 'www' } },
      ),
    ).toEqual(['field command: ["a"] → ["b","c"]', 'field user: null → "www"']);
  });

  test('what a new generation will be, without what is masked', () => {
    const desired = desiredState([
      { ...web, socket: true, env: { A: 'x', P: 'hush' }, masked: ['P'], spec: { user: 'www' } },
      { name: 'db' },
    ]);
    const [made, left] = plan(desired, settled(desiredState([{ name: 'db' }])))
      .changes.filter(({ subject }) => subject.kind === 'instance')
      .map(({ makes }) => makes);
    expect(made).toMatchObject({
      imageId: 'sha256:web:1',
      spec: { image: 'web:1', user: 'www' },
      env: [
        { name: 'A', value: '"x"' },
        { name: 'P', value: '(masked)' },
        { name: 'LISTEN', value: '"%{socket}"' },
      ],
    });
    expect(left).toBeNull();
  });

  test('a restart policy is changed in place', () => {
    const next = plan(
      desiredState([{ ...web, spec: { restart: { name: 'always', maxRetries: 0 } } }]),
      settled(desiredState([web])),
    );
    expect(next.changes.map((c) => c.action)).toEqual(['update']);
    expect(next.nodes.map((n) => n.op.kind)).toEqual(['container.policy']);
  });

  test('what was changed by hand is called drift', () => {
    expect(reasons(web, web, { memory: 1024 })).toEqual(['drift memory: 1024 → 0']);
    expect(reasons(web, web, { restart: 'no' })).toEqual(['drift restart: no → unless-stopped']);
    expect(reasons(web, web, { state: 'exited', exitCode: 0 })).toEqual([
      'drift state: exited with code 0 → running',
    ]);
  });

  test('an instance that is gone is drift when something still speaks of it', () => {
    const link = { alias: 'db', target: 'shop-db0' };
    const desired = desiredState([{ name: 'db' }, { name: 'app', instances: 2, spec: { links: [link] } }]);
    const full = settled(desired);
    const without = (...gone: readonly string[]) => ({
      ...full,
      containers: full.containers.filter((c) => !gone.includes(c.instance)),
    });
    const kinds = (observed: ObservedState) =>
      plan(desired, observed).changes.map((c) => c.reasons[0]?.kind ?? '-');
    expect(kinds(without('db0'))).toEqual(['drift', '-', '-']);
    expect(kinds(without('app0'))).toEqual(['-', 'drift', '-']);
    expect(kinds(without('app1'))).toEqual(['-', '-', 'missing']);
  });

  test('an image by its reference and its id, as far as they are known', () => {
    const id = (digit: string) => `sha256:${digit.repeat(64)}`;
    const before = { ...web, image: 'web:1', imageId: id('1') };
    const after = (rest: Partial<ContainerSketch>) => reasons(before, { ...web, image: 'web:2', ...rest });
    expect(after({ imageId: id('2') })).toEqual(['field image: web:1 (111111111111) → web:2 (222222222222)']);
    expect(after({ imageId: id('1') })).toEqual([]);
    expect(after({ imageId: null })).toEqual(['field image: web:1 → web:2']);
    expect(after({ imageId: null, pull: { digest: null, why: 'not here' } })).toEqual([
      'field image: web:1 (111111111111) → web:2 (as pulled)',
    ]);
    expect(after({ image: 'web:1', imageId: id('2') })).toEqual([
      'field image: web:1 111111111111 → 222222222222 (tag moved)',
    ]);
  });

  test('a container that starts gets its policy too, and says so', () => {
    expect(reasons(web, web, { state: 'exited', exitCode: 1, restart: 'no' })).toEqual([
      'drift state: exited with code 1 → running',
      'drift restart: no → unless-stopped',
    ]);
  });

  test('an image that was pulled under the same tag', () => {
    const moved = {
      ...web,
      imageId: null,
      pull: { digest: `sha256:${'9'.repeat(64)}`, why: 'the tag moved' },
    };
    expect(reasons(web, moved)).toEqual(['field image: web:1 web:1 → 999999999999 (tag moved)']);
  });

  test('a label that cannot be read counts as a change', () => {
    expect(reasons(web, web, { spec: null })).toEqual(['field spec label: unreadable → version 1']);
  });
});

describe('migrations', () => {
  const sketch: ContainerSketch = { name: 'app', migration: ['rake', 'db:migrate'] };
  const record = (change: Partial<ObservedContainer>): ObservedState => {
    const observed = settled(desiredState([sketch]));
    const [one] = observed.containers;
    if (one === undefined) throw new Error('no container');
    const migration: ObservedContainer = {
      ...one,
      id: 'id-migration',
      role: 'migration',
      engineName: 'shop-app.1.migration',
      state: 'exited',
      exitCode: 0,
      migration: { imageId: 'sha256:app:1', command: ['rake', 'db:migrate'] },
      ...change,
    };
    return { ...observed, containers: [migration] };
  };
  const runs = (observed: ObservedState) =>
    plan(desiredState([sketch]), observed).changes.some((c) => c.action === 'run');

  test('run when there is no record for this image and command', () => {
    expect(runs(record({}))).toBe(false);
    expect(runs(record({ exitCode: 1 }))).toBe(true);
    expect(runs(record({ state: 'running', exitCode: null }))).toBe(true);
    expect(runs(record({ migration: { imageId: 'sha256:app:0', command: ['rake', 'db:migrate'] } }))).toBe(
      true,
    );
    expect(runs(record({ migration: { imageId: 'sha256:app:1', command: ['other'] } }))).toBe(true);
  });

  test('not run when nothing new starts', () => {
    expect(runs(settled(desiredState([sketch])))).toBe(false);
  });

  test('its own dependencies come first, though a user of the same image is written before them', () => {
    const desired = desiredState([
      { name: 'worker', image: 'app:1' },
      { name: 'db' },
      { ...sketch, after: ['worker', 'db'] },
    ]);
    const order = plan(desired, nothing).changes.map((c) => c.id);
    expect(order).toEqual([
      'network shop',
      'agent shop-agent',
      'shop/db0',
      'migration shop/app',
      'shop/worker0',
      'shop/app0',
    ]);
  });
});

test('two migrations that would wait for each other through containers of their images', () => {
  const desired = desiredState([
    { name: 'db', image: 'b:1' },
    { name: 'app', image: 'a:1' },
    { name: 'worker', image: 'a:1', after: ['db', 'app'], migration: ['one'] },
    { name: 'web', image: 'b:1', after: ['app', 'worker'], migration: ['two'] },
  ]);
  const order = plan(desired, nothing).changes.map((c) => c.id);
  expect(order.indexOf('migration shop/worker')).toBeLessThan(order.indexOf('shop/app0'));
  expect(order.indexOf('migration shop/web')).toBeLessThan(order.indexOf('shop/db0'));
});

describe('what an operator is kept from', () => {
  test('removing everything at once', () => {
    const observed = settled(desiredState([{ name: 'app' }]));
    const result = reconcile(desiredState([{ name: 'other' }]), observed, plainRequest);
    expect(result.ok ? [] : result.diagnostics.map((d) => d.code)).toEqual(['STK410']);
    expect(
      plan(desiredState([{ name: 'other' }]), observed, { allowRemoveAll: true }).changes.at(-1)?.action,
    ).toBe('remove');
  });

  test('joining a network that does not exist', () => {
    const desired = desiredState([{ name: 'app', spec: { networks: ['edge'] } }]);
    const result = reconcile(desired, nothing, plainRequest);
    expect(result.ok ? [] : result.diagnostics.map((d) => d.code)).toEqual(['STK411']);
  });

  test('--only plans a container with what it depends on, and removes nothing else', () => {
    const desired = desiredState([db, { ...app, socket: false }, { name: 'other' }]);
    const observed = {
      ...nothing,
      networks: ['shop'],
      containers: settled(desiredState([{ name: 'gone' }])).containers,
    };
    const result = plan(desired, observed, { only: ['app'] });
    expect(result.changes.map((c) => `${c.action} ${c.id}`)).toEqual([
      'create agent shop-agent',
      'create shop/db0',
      'create shop/app0',
      'create shop/app1',
    ]);
  });

  test('a name that a container of somebody else has', () => {
    const desired = desiredState([{ name: 'app' }, { name: 'web' }]);
    const taken = { ...settled(desired), containers: [], foreignNames: ['shop-app0'] };
    const refuse = (only: readonly string[]) => reconcile(desired, taken, { ...plainRequest, only });
    expect(refuse([])).toMatchObject({
      ok: false,
      diagnostics: [
        {
          code: 'STK420',
          message: "`app0` needs the name `shop-app0`, which a container has that is not the stack's",
        },
      ],
    });
    expect(refuse(['web']).ok).toBe(true);
  });

  test('forcing what --only leaves out', () => {
    const desired = desiredState([{ name: 'app' }, { name: 'other' }]);
    const request = { ...plainRequest, only: ['app'], force: ['other'] };
    const result = reconcile(desired, settled(desired), request);
    expect(result.ok ? [] : result.diagnostics.map((d) => d.code)).toEqual(['STK416']);
    expect(plan(desired, settled(desired), { only: ['app'], force: ['app0'] }).changes[0]?.action).toBe(
      'replace',
    );
  });

  test('a volume that the file no longer names is kept, with a warning', () => {
    const desired = desiredState([{ name: 'app' }]);
    const volumes = [{ name: 'shop-old-data', application: 'shop', dataVolume: 'old', path: '/data' }];
    const result = plan(desired, { ...settled(desired), volumes });
    expect(result.warnings.map((d) => d.code)).toEqual(['STK413']);
    expect(result.nodes).toEqual([]);
  });

  test('a volume that another tool made is used, not created at every apply, with a warning', () => {
    const desired = desiredState([{ name: 'app', socket: true }]);
    const observed = { ...settled(desired), volumes: [], foreignVolumes: ['shop-socks-run'] };
    const result = plan(desired, observed);
    expect(result.warnings.map((d) => `${d.code} ${d.message}`)).toEqual([
      'STK414 volume `shop-socks-run` of data volume `socks` was made by another tool; it is used as it is',
    ]);
    expect(result.nodes).toEqual([]);
  });
});

describe('what somebody does between two applies', () => {
  const verbs = (given: Plan, group: string) =>
    given.nodes.filter((node) => node.group === group).map(({ id }) => id.slice(group.length + 1));

  /** The second generation of each, which has failed. */
  const failedOnes = ({ containers }: ObservedState) =>
    containers.map((c) => ({
      ...c,
      id: 'id-app0-2',
      engineName: 'shop-app0.2.failed',
      generation: 2,
      phase: 'failed' as const,
    }));

  test('a failed generation that runs again goes before its successor starts, which may need its port', () => {
    const sketch = { name: 'app', order: 'stop-first' } as const;
    const seen = settled(desiredState([sketch]));
    const failed = failedOnes(seen);
    const next = desiredState([{ ...sketch, image: 'app:2' }]);
    const given = plan(next, { ...seen, containers: [...seen.containers, ...failed] });
    expect(verbs(given, 'shop/app0').slice(0, 3)).toEqual(['stop 2', 'remove 2', 'create 3']);
    const exited = failed.map((c) => ({ ...c, state: 'exited' as const }));
    const kept = plan(next, { ...seen, containers: [...seen.containers, ...exited] });
    expect(verbs(kept, 'shop/app0').slice(0, 1)).toEqual(['create 3']);
  });

  test('what a failed generation has left of its socket goes with it', () => {
    const desired = desiredState([{ name: 'app', socket: true }]);
    const seen = settled(desired);
    const own = { state: 'exited' as const, env: ['LISTEN=/run/socks/.shop-app0.2'] };
    const failed = failedOnes(seen).map((c) => ({ ...c, ...own }));
    const next = desiredState([{ name: 'app', socket: true, image: 'app:2' }]);
    const given = plan(next, { ...seen, containers: [...seen.containers, ...failed] });
    expect(verbs(given, 'shop/app0').slice(-3)).toEqual(['remove 1', 'remove 2', 'clear 2']);
    const clear = given.nodes.find(({ id }) => id === 'shop/app0 clear 2');
    expect(clear).toMatchObject({
      op: { kind: 'socket.unlink', name: '.shop-app0.2' },
      after: ['shop/app0 remove 2'],
    });
  });

  test('what an apply had not yet let go when the current generation ended serves until that runs again', () => {
    const desired = desiredState([{ name: 'app', socket: true }]);
    const seen = settled(desired);
    const containers = seen.containers.flatMap((c) => [
      { ...c, engineName: 'shop-app0.1.old', phase: 'old' as const },
      {
        ...c,
        id: 'id-app0-2',
        generation: 2,
        state: 'exited' as const,
        env: ['LISTEN=/run/socks/.shop-app0.2'],
      },
    ]);
    const found = { kind: 'symlink', to: '.shop-app0.2', leads: true } as const;
    const links = seen.links.map((link) => ({ ...link, found }));
    expect(verbs(plan(desired, { ...seen, containers, links }), 'shop/app0')).toEqual([
      'clear 2',
      'start 2',
      'gate 2',
      'publish 2',
      'drain 1',
      'stop 1',
      'clear 1',
      'remove 1',
    ]);
  });

  test.each([
    ['as the file says', 'app:1', { kind: 'container.gate' }],
    ['held', 'app:2', { kind: 'container.up' }],
  ])('and while the engine is about to start it again: %s', (_, image, gate) => {
    const seen = settled(desiredState([{ name: 'app', mode: 'manual' }]));
    const containers = seen.containers.flatMap((c) => [
      { ...c, engineName: 'shop-app0.1.old', phase: 'old' as const },
      { ...c, id: 'id-app0-2', generation: 2, state: 'restarting' as const },
    ]);
    const planned = plan(desiredState([{ name: 'app', mode: 'manual', image }]), { ...seen, containers });
    expect(verbs(planned, 'shop/app0')).toEqual(['gate 2', 'stop 1', 'remove 1']);
    expect(planned.nodes.find(({ id }) => id === 'shop/app0 gate 2')?.op).toMatchObject(gate);
    expect(planned.changes.find(({ id }) => id === 'shop/app0')?.action).toBe('tidy');
  });

  test('and until the generation that replaces it is ready', () => {
    const seen = settled(desiredState([{ name: 'app' }]));
    const containers = seen.containers.flatMap((c) => [
      { ...c, engineName: 'shop-app0.1.old', phase: 'old' as const },
      { ...c, id: 'id-app0-2', generation: 2, state: 'exited' as const },
    ]);
    const desired = desiredState([{ name: 'app', image: 'app:2' }]);
    const found = verbs(plan(desired, { ...seen, containers }), 'shop/app0');
    expect(found.indexOf('stop 1')).toBeGreaterThan(found.indexOf('switch 3'));
    expect(found.indexOf('remove 1')).toBeGreaterThan(found.indexOf('stop 1'));
    const stopFirst = desiredState([{ name: 'app', image: 'app:2', order: 'stop-first' }]);
    const before = verbs(plan(stopFirst, { ...seen, containers }), 'shop/app0');
    expect(before.indexOf('stop 1')).toBeLessThan(before.indexOf('start 3'));
    expect(before.indexOf('stop 1')).toBeGreaterThan(before.indexOf('create 3'));
  });

  test('a server that binds its path itself and is started again gets what an apply that was cut off has left held', () => {
    const desired = desiredState([{ name: 'app', socket: true, fixed: true, order: 'stop-first' }]);
    const seen = withContainer(settled(desired), 'app0', { state: 'exited', exitCode: 0 });
    expect(verbs(plan(desired, seen), 'shop/app0')).toEqual([
      'clear 1',
      'start 1',
      'gate 1',
      'hand over to 1',
      'clear kept 1',
    ]);
  });

  test('a path that another instance serves on from now on is not taken away with the generation that leaves it', () => {
    const [was, is] = ['/run/socks/front.sock', '/run/socks/own.sock'];
    const at = (desired: DesiredState, name: string, published: string): DesiredState => ({
      ...desired,
      containers: desired.containers.map((container) => ({
        ...container,
        instances: container.instances.map((instance) =>
          instance.name !== name || instance.socket === null
            ? instance
            : {
                ...instance,
                socket: { ...instance.socket, published },
                spec: { ...instance.spec, socket: published },
              },
        ),
      })),
    });
    const web = { name: 'web', socket: true, instances: 2, order: 'stop-first' } as const;
    const before = at(desiredState([web]), 'web0', was);
    const after = at(at(desiredState([web, { name: 'app', socket: true }]), 'web0', is), 'app0', was);
    const { nodes } = plan(after, settled(before));
    const unlinked = nodes.flatMap(({ op, undo }) =>
      [op, ...undo].flatMap((each) =>
        each.kind === 'socket.unlink' || each.kind === 'socket.publish'
          ? [`${each.kind} ${each.kind === 'socket.unlink' ? each.name : `${each.link} ${each.to}`}`]
          : [],
      ),
    );
    expect(unlinked.filter((line) => line.includes(' front.sock'))).toEqual([
      'socket.publish front.sock .shop-app0.1',
      'socket.unlink front.sock',
    ]);
  });
});
