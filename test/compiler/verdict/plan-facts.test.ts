import { describe, expect, test } from 'vitest';

import type { BalancerText } from '../../../src/compiler/balancer/running.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import { stopPrint } from '../../../src/compiler/journal/stop-print.ts';
import { NO_TIMES, type LastStop, type Times } from '../../../src/compiler/journal/times.ts';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { tellersIn } from '../../../src/compiler/balancer/tellers.ts';
import { judgeOf } from '../../../src/compiler/verdict/instance-balancers.ts';
import { factsOf } from '../../../src/compiler/verdict/plan-facts.ts';
import { planScene } from '../../../src/compiler/verdict/plan-scene.ts';
import { runningBalancers } from '../../../src/compiler/balancer/running.ts';
import { asksEngine, withVerdicts } from '../../../src/compiler/verdict/with-verdicts.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', instances: 2, socket: true, gate: httpGate() };

/** Mounts the sockets' volume elsewhere, at another path than the app does. */
const haproxy: ContainerSketch = {
  name: 'haproxy',
  spec: {
    ports: [{ containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' }],
    mounts: [
      {
        type: 'volume',
        source: 'shop-socks-run',
        target: '/there',
        readOnly: false,
        noCopy: true,
        relabel: null,
        dataVolume: 'socks',
      },
    ],
  },
};

const CONFIG = `defaults
  mode http
  option http-server-close
  option redispatch 1
  retries 3
  timeout server 20s
backend app
  server app0 unix@/there/app0.sock check
  server app1 unix@/there/app1.sock check
`;

function httpGate() {
  const times = { timeoutMs: 1000, intervalMs: 50, limitMs: 60_000 };
  return { kind: 'http', over: 'socket', path: '/', status: [[100, 499]], ...times } as const;
}

const words: Readonly<Record<string, Partial<ObservedContainer>>> = {
  app: { command: ['unicorn'], stopSignal: 'SIGQUIT' },
  haproxy: { command: ['haproxy', '-f', '/etc/haproxy.cfg'], stopSignal: 'SIGUSR1' },
};

function running(sketches: readonly ContainerSketch[]): ObservedState {
  const observed = settled(desiredState(sketches));
  return {
    ...observed,
    containers: observed.containers.map((container) => ({ ...container, ...words[container.container] })),
  };
}

const read = (text: string): BalancerText => ({
  kind: 'read',
  main: ['/etc/haproxy.cfg'],
  files: new Map([['/etc/haproxy.cfg', text]]),
});

interface Given {
  readonly now: readonly ContainerSketch[];
  readonly wanted: readonly ContainerSketch[];
  readonly config?: BalancerText;
  readonly times?: ReadonlyMap<string, Times>;
  readonly request?: Partial<PlanRequest>;
  readonly change?: (observed: ObservedState) => ObservedState;
}

function planned({ now, wanted, config = read(CONFIG), request, change = (observed) => observed }: Given) {
  const desired: DesiredState = desiredState(wanted);
  const seen = running(now);
  const balancers = new Map(seen.containers.map(({ id }) => [id, config]));
  const observed = change({ ...seen, balancers });
  const plan = reconcile(desired, observed, { ...plainRequest, ...request });
  if (!plan.ok) throw new Error(plan.diagnostics.map(({ message }) => message).join('\n'));
  return { desired, observed, plan: plan.value };
}

function facts(given: Given, instance: string) {
  const { desired, observed, plan } = planned(given);
  const judges = runningBalancers(observed).map((balancer) =>
    judgeOf(balancer, given.config ?? read(CONFIG)),
  );
  const find = tellersIn(observed);
  const change = plan.changes.find(({ id }) => id === `shop/${instance}`);
  if (change === undefined) throw new Error(`no change of ${instance}`);
  return factsOf(
    planScene({ plan, desired, observed, judges, find, times: given.times ?? new Map() }),
    change,
  );
}

function rules(given: Given): Readonly<Record<string, string | undefined>> {
  const { desired, observed, plan } = planned(given);
  const { changes } = withVerdicts(plan, { desired, observed, times: given.times ?? new Map() });
  return Object.fromEntries(
    changes.flatMap(({ id, judgement }) => (judgement ? [[id, judgement.rule]] : [])),
  );
}

const next = (sketch: ContainerSketch): ContainerSketch => ({ ...sketch, env: { NEW: '1' } });
const swap: Given = { now: [app, haproxy], wanted: [next(app), haproxy] };

describe('ports of the host', () => {
  const front = (...hostPorts: readonly number[]): ContainerSketch => ({
    name: 'front',
    order: 'stop-first',
    onlyPorts: true,
    spec: {
      ports: hostPorts.map((hostPort) => ({ containerPort: 80, hostPort, hostIp: null, protocol: 'tcp' })),
    },
  });

  test.each([
    ['another one', front(8080), front(8081), { from: 8080, to: 8081 }, 'host-port-moves'],
    ['none any more', front(8080), front(), { from: 8080, to: null }, 'host-port-moves'],
    ['one of two', front(80, 443), front(80), { from: 443, to: null }, 'host-port-moves'],
    ['one more', front(80), front(80, 443), null, 'host-port'],
  ])('%s', (_, now, wanted, hostPortMoves, rule) => {
    expect(facts({ now: [now], wanted: [wanted] }, 'front0')).toMatchObject({ hostPortMoves });
    expect(rules({ now: [now], wanted: [wanted] })['shop/front0']).toBe(rule);
  });
});

describe('a reload', () => {
  const path = '/etc/haproxy.cfg';
  const reloaded = (config: string): ContainerSketch => ({
    ...haproxy,
    files: { [path]: config },
    reload: [path],
  });
  const given = (config: string): Given => ({
    now: [app, reloaded(CONFIG)],
    wanted: [app, reloaded(config)],
  });

  test('that leads to nobody where the running configuration leads to somebody is known beforehand', () => {
    const wrong = given(CONFIG.replaceAll('/there/', '/ther/'));
    expect(facts(wrong, 'haproxy0')?.reload?.forgets).toEqual(['app']);
    expect(rules(wrong)).toEqual({ 'shop/haproxy0': 'reload-forgets' });
  });

  test.each([
    ['another time', CONFIG.replace('20s', '30s')],
    ['one instance less', CONFIG.replace(/.*server app1 .*/, '')],
  ])('that changes %s forgets nobody', (_, config) => {
    expect(facts(given(config), 'haproxy0')?.reload?.forgets).toEqual([]);
  });

  test('that forgets who leaves anyway is not blamed', () => {
    const gone: Given = { now: [app, reloaded(CONFIG)], wanted: [reloaded('defaults\n  mode http\n')] };
    expect(facts(gone, 'haproxy0')?.reload?.forgets).toEqual([]);
  });
});

describe('a replacement', () => {
  test('is told by the generation that leaves and the one that comes', () => {
    expect(facts(swap, 'app0')).toMatchObject({
      action: 'replace',
      order: 'start-first',
      runs: true,
      instances: { now: 2, after: 2 },
      batch: 1,
      rolled: 2,
      server: { kind: 'unicorn', keepsAlive: false },
      socket: { kind: 'movable', own: true, elsewhere: false },
      gate: { kind: 'http' },
      hostPorts: [],
      stop: { signal: 'SIGQUIT', effect: 'finishes', timeoutMs: 30_000 },
      drainMs: 30_000,
    });
    expect(rules(swap)).toEqual({ 'shop/app0': 'socket-swap', 'shop/app1': 'socket-swap' });
  });

  test('finds its socket where the balancer mounts the volume', () => {
    expect(facts(swap, 'app1')?.balancers).toMatchObject([
      { name: 'haproxy', config: { kind: 'read', listed: 2, view: { serverTimeoutMs: 20_000, others: 1 } } },
    ]);
  });

  test('counts those that are gone at once', () => {
    const order = { order: 'stop-first', instances: 4, batch: 2 } as const;
    const four = { ...app, instances: 4 };
    const given: Given = { now: [four, haproxy], wanted: [{ ...next(app), ...order }, haproxy] };
    expect(facts(given, 'app0')).toMatchObject({ gone: 2 });
    const without = (...names: readonly string[]): Given => ({
      ...given,
      change: (observed) => ({
        ...observed,
        containers: observed.containers.map((container) =>
          names.includes(container.instance) ? { ...container, state: 'exited' as const } : container,
        ),
      }),
    });
    const goneOf = (seen: Given) =>
      ['app0', 'app1', 'app2', 'app3'].map((name) => {
        const { gone, instances } = facts(seen, name) ?? {};
        return [gone, instances?.now];
      });
    // Those that do not run come first, and the second batch goes when both of the first are up.
    expect(goneOf(without('app1', 'app2'))).toEqual([
      [2, 4],
      [0, 2],
      [0, 2],
      [2, 4],
    ]);
    expect(goneOf(without('app2'))).toEqual([
      [1, 3],
      [2, 4],
      [1, 3],
      [2, 4],
    ]);
    const fewer: Given = { now: [four, haproxy], wanted: [{ ...app, instances: 1 }, haproxy] };
    expect(['app3', 'app2', 'app1'].map((name) => facts(fewer, name)?.gone)).toEqual([1, 2, 3]);
    const listed = CONFIG.replace(
      /.*app0.*\n/,
      (line) => line + line.replace(/app0/g, 'app2') + line.replace(/app0/g, 'app3'),
    );
    const seen: Given = { ...fewer, config: read(listed) };
    expect(['app3', 'app2', 'app1'].map((name) => facts(seen, name)?.can.awaitGone)).toEqual([
      false,
      true,
      true,
    ]);
    expect(rules(seen)).toMatchObject({ 'shop/app2': 'removed' });
    expect(facts(fewer, 'app2')?.can.awaitGone).toBe(false);
  });

  test('knows its port, the one before, and the networks of others', () => {
    const gate = (port: number) => ({ ...httpGate(), over: { port } }) as const;
    const web: ContainerSketch = { name: 'web', port: 3000, gate: gate(3000), spec: { networks: ['proxy'] } };
    const given: Given = {
      now: [web],
      wanted: [next(web)],
      change: (observed) => ({
        ...observed,
        networks: [...observed.networks, 'proxy'],
        containers: observed.containers.map((seen) =>
          seen.spec === null ? seen : { ...seen, spec: { ...seen.spec, gate: gate(3000) } },
        ),
      }),
    };
    expect(
      facts({ ...given, wanted: [next({ ...web, port: 4000, gate: gate(4000) })] }, 'web0'),
    ).toMatchObject({
      network: { host: false, port: 4000, portBefore: 3000, joined: ['proxy'] },
    });
    expect(rules(given)).toEqual({ 'shop/web0': 'reached-from-outside' });
    const alone = { ...web, spec: {} };
    expect(rules({ now: [alone], wanted: [next(alone)] })).toEqual({ 'shop/web0': 'nobody-connects' });
  });

  test('stops the generation that runs by its own signal, not by the new one', () => {
    const killed: Given = {
      ...swap,
      change: (observed) => ({
        ...observed,
        containers: observed.containers.map((container) => ({ ...container, stopSignal: 'SIGKILL' })),
      }),
    };
    expect(facts(killed, 'app0')?.stop).toMatchObject({ signal: 'SIGKILL', effect: 'kills' });
  });

  test('of a plain socket is not counted: its first swap', () => {
    const fixed: ContainerSketch = { ...app, fixed: true };
    expect(facts({ now: [fixed, haproxy], wanted: [next(app), haproxy] }, 'app0')?.socket).toEqual({
      kind: 'movable',
      own: false,
      elsewhere: false,
    });
    expect(rules({ now: [fixed, haproxy], wanted: [next(app), haproxy] })['shop/app0']).toBe('first-swap');
  });

  test('that gives up its socket leaves the balancer behind', () => {
    const { socket: _, ...plain } = app;
    const given: Given = { now: [app, haproxy], wanted: [plain, haproxy] };
    expect(rules(given)['shop/app0']).toBe('path-changes');
    const moved: Given = {
      now: [app, haproxy],
      wanted: [{ ...plain, order: 'stop-first' }, haproxy],
    };
    expect(rules(moved)['shop/app0']).toBe('path-changes');
  });

  test('of what is at a port of the host', () => {
    const given: Given = { now: [app, haproxy], wanted: [app, { ...next(haproxy), order: 'stop-first' }] };
    expect(facts(given, 'haproxy0')).toMatchObject({ hostPorts: [8080], server: { kind: 'haproxy' } });
    expect(rules(given)).toEqual({ 'shop/haproxy0': 'host-port' });
  });

  test('of what does not run takes nothing away', () => {
    const given: Given = {
      ...swap,
      change: (observed) => ({
        ...observed,
        containers: observed.containers.map((container) =>
          container.container === 'app' ? { ...container, state: 'exited' as const } : container,
        ),
      }),
    };
    expect(rules(given)).toMatchObject({ 'shop/app0': 'nothing-before' });
  });
});

describe('a port of the host', () => {
  const front: ContainerSketch = { name: 'haproxy', port: 80, spec: { network: 'host' }, gate: httpGate() };
  const config = read(`defaults
  mode http
  option idle-close-on-response
  timeout client 5s
  timeout server 20s
frontend requests
  bind :80
  default_backend app
backend app
  server app0 /s/app0.sock`);
  const given: Given = {
    now: [front],
    wanted: [next(front)],
    config,
    change: (observed) => ({ ...observed, migrates: true }),
  };

  test('that two generations listen on', () => {
    expect(facts(given, 'haproxy0')).toMatchObject({
      network: { host: true, port: 80 },
      sharing: {
        program: 'haproxy',
        front: { kind: 'read', view: { sharesPorts: true, closesBehindAnswers: true, idleMs: 5000 } },
        migrates: true,
        sameUser: true,
      },
      can: { overlap: true },
    });
    expect(rules(given)).toEqual({ 'shop/haproxy0': 'host-network-overlap' });
  });

  test('is judged by the generation that goes', () => {
    const user = { ...next(front), spec: { ...front.spec, user: '99' } };
    expect(rules({ ...given, wanted: [user] })).toEqual({ 'shop/haproxy0': 'host-network-user' });
    const unread: BalancerText = { kind: 'unread', why: 'it is not there' };
    expect(facts({ ...given, config: unread }, 'haproxy0')?.sharing?.front).toEqual(unread);
  });

  test('is bound by the new one as its files and words say', () => {
    const path = '/etc/haproxy.cfg';
    const text = config.kind === 'read' ? (config.files.get(path) ?? '') : '';
    const rule = (sketch: ContainerSketch) => rules({ ...given, wanted: [sketch] })['shop/haproxy0'];
    expect(rule({ ...next(front), files: { [path]: text } })).toBe('host-network-overlap');
    expect(rule({ ...next(front), files: { [path]: `global\n  noreuseport\n${text}` } })).toBe(
      'host-network-binds',
    );
    expect(rule({ ...front, env: { NEW: '1' }, command: ['haproxy', '-f', path, '-dR'] })).toBe(
      'host-network-binds',
    );
    expect(rule({ ...front, env: { NEW: '1' }, command: ['haproxy', '-f', '/elsewhere.cfg'] })).toBe(
      'host-network-binds-perhaps',
    );
  });

  test('of which nobody has asked the kernel', () => {
    const { change: _, ...unasked } = given;
    expect(rules(unasked)).toEqual({ 'shop/haproxy0': 'host-network-migrates' });
  });

  test('that one has at a time', () => {
    const alone = { ...next(front), order: 'stop-first' } as const;
    expect(facts({ ...given, wanted: [alone] }, 'haproxy0')).toMatchObject({ can: { overlap: false } });
    expect(rules({ ...given, wanted: [alone] })).toEqual({ 'shop/haproxy0': 'host-network' });
  });
});

describe('balancers', () => {
  test('that cannot be read are named where they may lead there', () => {
    const config: BalancerText = { kind: 'unread', why: 'not within 2 s' };
    expect(facts({ ...swap, config }, 'app0')?.balancers).toMatchObject([{ config }]);
    const apart: ContainerSketch = { ...haproxy, spec: {} };
    expect(facts({ now: [app, apart], wanted: [next(app), apart], config }, 'app0')?.balancers).toEqual([]);
  });

  test('that list it by a link', () => {
    const web: ContainerSketch = { name: 'web' };
    const linked: ContainerSketch = {
      ...haproxy,
      spec: { links: [{ alias: 'www', target: 'shop-web0' }] },
    };
    const config = read('defaults\n  mode http\nbackend web\n  server web0 www:3000\n');
    const given: Given = { now: [web, linked], wanted: [next(web), linked], config };
    expect(facts(given, 'web0')?.balancers).toMatchObject([{ config: { view: { resolvesOnce: true } } }]);
    expect(rules(given)['shop/web0']).toBe('resolved-once');
  });

  test('of the host find it at its port there', () => {
    const web: ContainerSketch = {
      name: 'web',
      order: 'stop-first',
      spec: { ports: [{ containerPort: 80, hostPort: 3000, hostIp: null, protocol: 'tcp' }] },
    };
    const host: ContainerSketch = { ...haproxy, spec: { network: 'host' } };
    const config = read('defaults\n  mode http\nbackend web\n  server web0 127.0.0.1:3000\n');
    const given: Given = { now: [web, host], wanted: [next(web), host], config };
    expect(facts(given, 'web0')?.balancers).toMatchObject([{ config: { listed: 1 } }]);
  });

  test('are asked for no plan that touches nothing they know', () => {
    expect(asksEngine(planned(swap).plan)).toBe(true);
    expect(asksEngine(planned({ now: [app], wanted: [app] }).plan)).toBe(false);
    // A leftover stops only when balancers have been told of the current one.
    const leftOver = (observed: ObservedState) => ({
      ...observed,
      containers: observed.containers.flatMap((seen) =>
        seen.instance === 'app0'
          ? [
              seen,
              { ...seen, id: 'old', engineName: 'shop-app0.0.old', phase: 'old' as const, generation: 0 },
            ]
          : [seen],
      ),
    });
    expect(asksEngine(planned({ now: [app], wanted: [app], change: leftOver }).plan)).toBe(true);
  });
});

describe('around it', () => {
  test('containers with a link to it', () => {
    const db: ContainerSketch = { name: 'db', order: 'stop-first', image: 'postgres:17' };
    const web: ContainerSketch = { name: 'web', spec: { links: [{ alias: 'db', target: 'shop-db0' }] } };
    const given: Given = { now: [db, web], wanted: [next(db), web] };
    expect(facts(given, 'db0')).toMatchObject({
      database: 'postgres',
      clients: [{ name: 'web', held: false }],
    });
    expect(rules(given)).toEqual({ 'shop/db0': 'database' });
  });

  test('new instances are worth a word only where a balancer does not list them', () => {
    const given: Given = { now: [app, haproxy], wanted: [{ ...app, instances: 4 }, haproxy] };
    expect(rules(given)).toEqual({ 'shop/app2': 'nothing-before', 'shop/app3': 'nothing-before' });
    const four = CONFIG.replace(
      /.*app0.*\n/,
      (line) => line + line.replace(/app0/g, 'app2') + line.replace(/app0/g, 'app3'),
    );
    expect(rules({ ...given, config: read(four) })).toEqual({});
  });

  test('instances that go are drained', () => {
    const given: Given = { now: [{ ...app, instances: 4 }, haproxy], wanted: [app, haproxy] };
    const four = CONFIG.replace(
      /.*app0.*\n/,
      (line) => line + line.replace(/app0/g, 'app2') + line.replace(/app0/g, 'app3'),
    );
    expect(rules({ ...given, config: read(four) })).toEqual({
      'shop/app3': 'removed',
      'shop/app2': 'removed',
    });
    const slow = four.replaceAll(' check', ' check inter 10s fall 2');
    expect(rules({ ...given, config: read(slow) })).toEqual({
      'shop/app3': 'removed',
      'shop/app2': 'gone-together',
    });
  });

  test('what hands its port over stops before its successor starts', () => {
    const old: ContainerSketch = { ...haproxy, name: 'old' };
    const given: Given = { now: [old], wanted: [haproxy], request: { allowRemoveAll: true } };
    const times = new Map([
      ['shop/old', { ...NO_TIMES, startMs: 9, stopMs: 40 }],
      ['shop/haproxy', { ...NO_TIMES, startMs: 700 }],
    ]);
    expect(facts({ ...given, times }, 'old0')).toMatchObject({
      action: 'remove',
      successor: 'haproxy0',
      measured: { startMs: 700, stopMs: 40 },
    });
  });

  describe('what was measured', () => {
    const known = (lastStop: LastStop | null): Given => ({
      ...swap,
      times: new Map([
        ['shop/app', { startMs: 1, stopMs: 2, awayMs: 5, heldMs: 6, drainMs: 3, lastStop, inFlightMs: 4 }],
        ['shop/other', { ...NO_TIMES, startMs: 9 }],
      ]),
    });
    const made = (() => {
      const { spec } = planned(swap).observed.containers.find(({ container }) => container === 'app') ?? {};
      return spec ? stopPrint(spec) : null;
    })();
    const forced: LastStop = { forced: true, limitMs: 30_000, made, open: 2, drainedMs: 30_004 };

    test('is that of the container', () => {
      expect(facts(known(forced), 'app0')).toMatchObject({
        measured: { startMs: 1, stopMs: 2, drainMs: 3 },
        inFlightMs: 4,
        lastStop: { forced: true, open: 2 },
      });
    });

    test('is nothing where nothing was', () => {
      expect(facts(swap, 'app0')).toMatchObject({
        measured: { startMs: null, stopMs: null, drainMs: null },
        inFlightMs: null,
        lastStop: null,
      });
    });

    test.each<[string, LastStop]>([
      ['it had less time to stop', { ...forced, limitMs: 10_000 }],
      ['it had less time to drain', { ...forced, drainedMs: 10_003 }],
      ['another program ran, or another signal was sent', { ...forced, made: 'other' }],
    ])('a stop says nothing of the next when %s', (_, lastStop) => {
      expect(facts(known(lastStop), 'app0')?.lastStop).toBeNull();
    });
  });

  test('a pid file in a volume', () => {
    const piddling = { ...next(app), env: { PIDFILE: '/run/socks/app.pid' } };
    expect(facts({ now: [app, haproxy], wanted: [piddling, haproxy] }, 'app0')?.sharedFiles).toEqual([
      { path: '/run/socks/app.pid', kind: 'pid' },
    ]);
  });
});
