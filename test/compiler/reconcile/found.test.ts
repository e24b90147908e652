import { describe, expect, test } from 'vitest';

import { operationText } from '../../../src/cli/render/operation.ts';
import { networksOfRun } from '../../../src/compiler/desired/found.ts';
import type { ObservedContainer } from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const app: ContainerSketch = {
  name: 'app',
  port: 3000,
  env: { VIRTUAL_HOST: 'shop.example' },
  spec: { networks: ['front'] },
};
const two: ContainerSketch = { ...app, instances: 2 };
const stopFirst: ContainerSketch = { ...two, order: 'stop-first' };
const again = (sketch: ContainerSketch): ContainerSketch => ({
  ...sketch,
  env: { ...sketch.env, NEW: '1' },
});

type Change = (containers: readonly ObservedContainer[]) => readonly ObservedContainer[];

function planOf(
  now: readonly ContainerSketch[],
  wanted: ContainerSketch,
  change: Change = (all) => all,
): Plan {
  const seen = settled(desiredState(now));
  const joined = seen.containers.map((one) => ({ ...one, networks: { ...one.networks, front: [] } }));
  const observed = { ...seen, networks: [...seen.networks, 'data', 'front'], containers: change(joined) };
  const plan = reconcile(desiredState([wanted]), observed, plainRequest);
  if (!plan.ok) throw new Error(plan.diagnostics.map(({ message }) => message).join('\n'));
  return plan.value;
}

/** What is done to one instance, with the ways back of what concerns proxies. */
function steps(plan: Plan, instance: string): readonly string[] {
  return plan.nodes
    .filter(({ group }) => group === `shop/${instance}`)
    .map(({ op, undo }) => {
      const isTold = /^(proxies|ports)\.|connect$/.test(op.kind) && undo.length > 0;
      return operationText(op) + (isTold ? ` (undo: ${undo.map(operationText).join(', ')})` : '');
    });
}

test('start-first: it joins the proxies’ network when it is ready, and the old one refuses when they have come', () => {
  expect(steps(planOf([app], again(app)), 'app0')).toEqual([
    'create generation 2',
    'start generation 2',
    'wait until generation 2 is ready',
    'connect generation 2 to network front (undo: generation 2 refuses new connections, drain generation 2)',
    'let proxies on front look again',
    'wait until proxies come to generation 2',
    'restart policy unless-stopped for generation 2',
    'restart policy no for generation 1',
    'generation 1 becomes shop-app0.1.old',
    'generation 2 becomes shop-app0',
    'generation 1 refuses new connections (undo: generation 1 lets new connections in again)',
    'drain generation 1',
    'see that generation 2 still runs',
    'stop generation 1 (limit 30 s)',
    'remove generation 1',
  ]);
});

test('in detail', () => {
  const ops = planOf([app], again(app)).nodes.map(({ op }) => op);
  const next = { kind: 'created', instance: 'shop/app0', generation: 2 };
  const old = { kind: 'existing', id: 'id-app0-1', generation: 1 };
  expect(ops.find(({ kind }) => kind === 'proxies.reached')).toEqual({
    kind: 'proxies.reached',
    target: next,
    old,
    ports: [3000],
    networks: ['front'],
    count: 3,
    limitS: 30,
    must: true,
  });
  expect(ops.find(({ kind }) => kind === 'ports.refuse')).toEqual({
    kind: 'ports.refuse',
    target: old,
    ports: [3000],
  });
});

test('stop-first, beside others: it refuses before it stops, and the next one waits for the proxies', () => {
  expect(steps(planOf([stopFirst], again(stopFirst)), 'app0')).toEqual([
    'create generation 2',
    'restart policy no for generation 1',
    'generation 1 refuses new connections (undo: generation 1 lets new connections in again)',
    'drain generation 1',
    'stop generation 1 (limit 30 s)',
    'start generation 2',
    'wait until generation 2 is ready',
    'connect generation 2 to network front (undo: generation 2 refuses new connections, drain generation 2)',
    'let proxies on front look again',
    'restart policy unless-stopped for generation 2',
    'generation 1 becomes shop-app0.1.old',
    'generation 2 becomes shop-app0',
    'wait until proxies come to generation 2',
    'remove generation 1',
  ]);
});

test('stop-first, alone: nobody could take what it refuses', () => {
  const alone = { ...stopFirst, instances: 1 };
  const done = steps(planOf([alone], again(alone)), 'app0');
  expect(done.filter((step) => /refuses|drain|proxies come/.test(step) && !step.includes('undo'))).toEqual(
    [],
  );
});

test('a new one joins when it is ready', () => {
  expect(steps(planOf([app], two), 'app1')).toEqual([
    'create generation 1',
    'start generation 1',
    'wait until generation 1 is ready',
    'connect generation 1 to network front (undo: generation 1 refuses new connections, drain generation 1)',
    'let proxies on front look again',
    'restart policy unless-stopped for generation 1',
    'generation 1 becomes shop-app1',
  ]);
});

test('one that leaves refuses, while others serve', () => {
  expect(steps(planOf([two], app), 'app1')).toEqual([
    'restart policy no for generation 1',
    'generation 1 refuses new connections',
    'drain generation 1',
    'stop generation 1 (limit 30 s)',
    'remove generation 1',
  ]);
});

test('one that does not run leaves the network before it is started', () => {
  const stopped: Change = (all) => all.map((seen) => ({ ...seen, state: 'exited' }));
  expect(steps(planOf([app], app, stopped), 'app0')).toEqual([
    'disconnect generation 1 from network front',
    'start generation 1',
    'wait until generation 1 is ready',
    'connect generation 1 to network front',
    'let proxies on front look again',
  ]);
});

test('one that an apply was about to stop, and that stays, lets connections in again', () => {
  const letGo: Change = (all) => all.map((seen) => ({ ...seen, restart: 'no' }));
  expect(steps(planOf([app], app, letGo), 'app0')).toEqual([
    'generation 1 lets new connections in again',
    'restart policy unless-stopped for generation 1',
  ]);
});

test('one that somebody took off the network is put back, and proxies look again', () => {
  const off: Change = (all) =>
    all.map((seen) => ({
      ...seen,
      networks: Object.fromEntries(Object.entries(seen.networks).filter(([name]) => name !== 'front')),
    }));
  expect(steps(planOf([app], app, off), 'app0')).toEqual([
    'connect generation 1 to network front',
    'let proxies on front look again',
  ]);
});

test.each(['next', 'old'] as const)('one that an apply left over as %s refuses before it stops', (phase) => {
  const leftOver: Change = (all) =>
    all.flatMap((seen) => [
      phase === 'old' ? { ...seen, generation: 2, id: 'id-app0-2' } : seen,
      {
        ...seen,
        phase,
        generation: phase === 'old' ? 1 : 2,
        id: phase === 'old' ? seen.id : 'id-app0-2',
        engineName: `shop-app0.${phase === 'old' ? 1 : 2}.${phase}`,
      },
    ]);
  const left = phase === 'old' ? 1 : 2;
  expect(steps(planOf([app], app, leftOver), 'app0')).toEqual([
    `generation ${left} refuses new connections`,
    `drain generation ${left}`,
    `stop generation ${left}`,
    `remove generation ${left}`,
  ]);
});

test('the way back is the same, the other way round', () => {
  const [roll] = planOf([two], again(two)).rolls;
  const back = roll?.back.find(({ change }) => change === 'shop/app0');
  const told = back?.nodes.filter(({ op }) => /^(proxies|ports)\.|nect$|start$|stop$/.test(op.kind));
  expect(told?.map(({ op }) => operationText(op))).toEqual([
    'disconnect generation 1 from network front',
    'start generation 1',
    'connect generation 1 to network front',
    'let proxies on front look again',
    'wait until proxies come to generation 1',
    'generation 2 refuses new connections',
    'drain generation 2',
    'stop generation 2 (limit 30 s)',
  ]);
  const reached = back?.nodes.flatMap(({ op }) => (op.kind === 'proxies.reached' ? [op.must] : []));
  expect(reached).toEqual([false]);
});

describe('who is found', () => {
  const joinsLate = (sketch: ContainerSketch) => {
    const done = steps(planOf([sketch], again(sketch)), 'app0');
    return (
      done.findIndex((step) => step.startsWith('connect')) > done.findIndex((step) => step.includes('ready'))
    );
  };
  const plain = { ...app, env: {} };
  const labelled = (labels: Readonly<Record<string, string>>) => ({
    ...plain,
    spec: { networks: ['front'], labels },
  });

  test.each([
    ['`VIRTUAL_HOST`', app, true],
    ['an empty `VIRTUAL_HOST`', { ...app, env: { VIRTUAL_HOST: '' } }, false],
    [
      "Traefik's labels: no network hides it from that",
      labelled({ 'traefik.http.routers.shop.rule': 'Host(`shop.example`)' }),
      false,
    ],
    ['two networks: one may lead to its database', { ...app, spec: { networks: ['data', 'front'] } }, false],
    ["caddy-docker-proxy's labels", labelled({ caddy: 'shop.example' }), true],
    ["caddy-docker-proxy's second site", labelled({ 'caddy_1.reverse_proxy': '{{upstreams 3000}}' }), true],
    ['a label of somebody else', labelled({ caddytrack: 'yes' }), false],
    ['nothing of all that', plain, false],
    ['no port that is known', { ...app, port: undefined }, false],
    ['a socket', { ...app, socket: true, port: undefined }, false],
  ] as const)('%s', (_, sketch, isFound) => {
    expect(joinsLate(sketch as ContainerSketch)).toBe(isFound);
  });
});

test('single runs are kept from proxies: they have the same environment', () => {
  const [found, other] = desiredState([app, { ...app, name: 'side', env: {} }]).containers;
  expect([found, other].map((one) => one && networksOfRun(one.template))).toEqual([[], ['front']]);
  const [several] = desiredState([{ ...app, spec: { networks: ['data', 'front'] } }]).containers;
  expect(several && networksOfRun(several.template)).toEqual(['data', 'front']);
});
