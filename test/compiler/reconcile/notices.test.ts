import { expect, test } from 'vitest';

import type { BalancerText } from '../../../src/compiler/balancer/running.ts';
import type { ObservedContainer } from '../../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { operationText } from '../../../src/cli/render/operation.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = { name: 'app', instances: 4, socket: true };
const haproxy: ContainerSketch = {
  name: 'haproxy',
  spec: {
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

const CONFIG = `backend app
  default-server check inter 500ms fastinter 100ms fall 2
  server app0 unix@/there/app0.sock
  server app1 unix@/there/app1.sock
  server app2 unix@/there/app2.sock
  server app3 unix@/there/app3.sock
`;

type Seen = readonly ObservedContainer[];

/** What the removal of each instance waits for, and what the plan says of it. */
function waits(
  config: string,
  wanted: readonly ContainerSketch[],
  change: (all: Seen) => Seen = (all) => all,
): readonly (readonly [string, string | undefined, readonly string[]])[] {
  const seen = settled(desiredState([app, haproxy]));
  const text: BalancerText = { kind: 'read', main: ['/h.cfg'], files: new Map([['/h.cfg', config]]) };
  const balancers = new Map(seen.containers.map(({ id }) => [id, text]));
  const observed = { ...seen, containers: change(seen.containers), balancers };
  const planned = reconcile(desiredState(wanted), observed, plainRequest);
  if (!planned.ok) throw new Error(planned.diagnostics.map(({ message }) => message).join('\n'));
  const { nodes, changes } = planned.value;
  return changes
    .filter(({ action }) => action === 'remove')
    .map(({ id, notes }) => {
      const notice = nodes.find(({ group, op }) => group === id && op.kind === 'balancer.notice');
      return [id, notice === undefined ? undefined : operationText(notice.op), notes];
    });
}

const two = { ...app, instances: 2 };

test('the second of two that leave goes when the checks have seen that the first is gone', () => {
  expect(waits(CONFIG, [two, haproxy])).toEqual([
    [
      'shop/app3',
      'wait 850 ms until the checks of haproxy0 have seen it gone',
      ['the checks of `haproxy0` get 850 ms to see that it is gone, before the next one goes'],
    ],
    ['shop/app2', undefined, []],
  ]);
});

test('checks that are spread may be later', () => {
  expect(waits(`global\n  spread-checks 50\n${CONFIG}`, [two, haproxy])[0]?.[1]).toContain('wait 1.2 s');
});

test.each([
  ['nobody checks it', CONFIG.replace('check ', ''), [two, haproxy]],
  ['the checks take longer than an apply is to wait', CONFIG.replace('500ms', '20s'), [two, haproxy]],
  ['the balancer does not list it', CONFIG.replace(/.*app3.*\n/, ''), [two, haproxy]],
  ['it is the only one that leaves', CONFIG, [{ ...app, instances: 3 }, haproxy]],
  ['none stays', CONFIG, [haproxy]],
])('nothing is waited for: %s', (_, config, wanted) => {
  expect(waits(config, wanted)[0]?.[1]).toBeUndefined();
});

test('nor for one that does not run', () => {
  const stopped = (all: Seen) =>
    all.map((seen) => (seen.instance === 'app3' ? { ...seen, state: 'exited' as const } : seen));
  expect(waits(CONFIG, [two, haproxy], stopped)[0]?.[1]).toBeUndefined();
});

test('nor is anything said of waiting for one without a path that could be taken away', () => {
  const apps: ContainerSketch = { name: 'app', instances: 4, port: 8080 };
  const seen = settled(desiredState([apps, haproxy]));
  const config = CONFIG.replace(/unix@\/there\/(app\d)\.sock/g, 'shop-$1:8080');
  const text: BalancerText = { kind: 'read', main: ['/h.cfg'], files: new Map([['/h.cfg', config]]) };
  const balancers = new Map(seen.containers.map(({ id }) => [id, text]));
  const wanted = desiredState([{ ...apps, instances: 2 }, haproxy]);
  const planned = reconcile(wanted, { ...seen, balancers }, plainRequest);
  if (!planned.ok) throw new Error('no plan');
  const { nodes, changes } = planned.value;
  expect(nodes.map(({ op }) => op.kind)).not.toContain('balancer.notice');
  expect(changes.filter(({ action }) => action === 'remove').map(({ notes }) => notes)).toEqual([[], []]);
});

test('the container is removed meanwhile', () => {
  const seen = settled(desiredState([app, haproxy]));
  const text: BalancerText = { kind: 'read', main: ['/h.cfg'], files: new Map([['/h.cfg', CONFIG]]) };
  const balancers = new Map(seen.containers.map(({ id }) => [id, text]));
  const planned = reconcile(desiredState([two, haproxy]), { ...seen, balancers }, plainRequest);
  if (!planned.ok) throw new Error('no plan');
  const { nodes } = planned.value;
  const after = (id: string) => nodes.find((node) => node.id === id)?.after;
  expect(after('shop/app3 await checks')).toEqual(['shop/app3 unpublish']);
  expect(after('shop/app2 unpublish')).toEqual(['shop/app3 remove 1', 'shop/app3 await checks']);
});

test.each([
  ['as it stands', CONFIG, 3],
  ['five good checks', CONFIG.replace('fall 2', 'fall 2 rise 5'), 6],
  ['nobody checks', CONFIG.replace('check ', ''), 3],
])(
  'stop-first, the next one goes when the balancer has come often enough to count on it: %s',
  (_, config, count) => {
    const seen = settled(desiredState([app, haproxy]));
    const text: BalancerText = { kind: 'read', main: ['/h.cfg'], files: new Map([['/h.cfg', config]]) };
    const balancers = new Map(seen.containers.map(({ id }) => [id, text]));
    const next: ContainerSketch = { ...app, env: { NEW: '1' }, order: 'stop-first' };
    const planned = reconcile(desiredState([next, haproxy]), { ...seen, balancers }, plainRequest);
    if (!planned.ok) throw new Error('no plan');
    const counts = planned.value.nodes.flatMap(({ op }) => (op.kind === 'socket.reached' ? [op.count] : []));
    expect(counts).toEqual([count, count, count, count]);
  },
);
