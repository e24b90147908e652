import { expect, test } from 'vitest';

import type { ResolvedInputs } from '../../../src/compiler/desired/resolved-inputs.ts';
import { labels } from '../../../src/compiler/labels.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { isPending } from '../../../src/compiler/plan/plan.ts';
import { destroyPlan } from '../../../src/compiler/reconcile/destroy.ts';
import { foreignContainers } from '../../../src/runtime/adopt/foreign-containers.ts';
import { takeIn } from '../../../src/runtime/adopt/take-in.ts';
import { withAdopted } from '../../../src/runtime/adopt/with-adopted.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { dataMounts } from '../../../src/runtime/inputs/data-mounts.ts';
import { observe } from '../../../src/runtime/observe.ts';
import { forgetAdoption, recordAdoption } from '../../../src/runtime/perform/adoption.ts';
import { adminVolume, desiredState, STACK } from '../../support/desired.ts';
import { generationOf } from '../../support/memory-agent-session.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { planText } from '../../support/plan-text.ts';
import { world, type World, type WorldOptions } from '../../support/world.ts';

const INPUTS: ResolvedInputs = {
  images: {},
  env: {},
  secrets: {},
  host: null,
  dataMounts: {},
  files: {},
  builds: {},
};
const SOCKS = '/stackc/v/shop-socks-run';
const db = {
  name: 'db',
  mode: 'manual',
  order: 'stop-first',
  port: 5432,
} as const;
const app = { name: 'app', instances: 2, socket: true, after: ['db'] } as const;
const shop = adopting([db, app]);

/** The data volume is that of a container of an earlier tool. */
function adopting(sketches: Parameters<typeof desiredState>[0]): DesiredState {
  const desired = desiredState(sketches);
  return { ...desired, volumes: desired.volumes.map((volume) => ({ ...volume, adopted: true })) };
}

/** As the cookbook left it: everything on the default bridge, a plain socket each, no restart policy. */
async function cookbook(options: WorldOptions = {}): Promise<World> {
  const ids = new Map<string, string>();
  const self = world(['db:1', 'app:1', 'old:1'], {
    ...options,
    behaviour: (config, started) => {
      // A server binds its path again whenever it starts.
      const id = ids.get(config.name);
      if (id !== undefined) self.links.set(`${SOCKS}/${config.name}.sock`, `@${id}`);
      return options.behaviour?.(config, started) ?? {};
    },
  });
  await self.engine.createVolume('shop-socks-run', {});
  await run(self, 'db0');
  for (const name of ['app0', 'app1']) {
    const id = await run(self, name);
    ids.set(name, id);
    self.links.set(`${SOCKS}/${name}.sock`, `@${id}`);
  }
  return self;
}

async function run(
  { engine }: World,
  name: string,
  own: Readonly<Record<string, string>> = {},
): Promise<string> {
  const mounts = [{ ...adminVolume, source: 'shop-socks-run', target: '/run/socks', dataVolume: null }];
  const id = await engine.createContainer(plainConfig({ name, image: 'old:1', mounts, labels: own }));
  await engine.startContainer(id);
  return id;
}

/** Whether the published path leads to a container that runs. */
function isServed({ engine, links }: World, name: string): boolean {
  const to = links.get(`${SOCKS}/${name}.sock`) ?? '';
  const found = engine.containers().find((one) => generationOf(one) === to.slice(1));
  return found?.state === 'running';
}

function namesOf({ engine }: World): readonly string[] {
  return engine
    .containers()
    .map(({ name, state }) => `${name} ${state}`)
    .sort();
}

function pendingIn({ changes }: Plan): readonly string[] {
  return changes.filter(isPending).map(({ id, action }) => `${action} ${id}`);
}

test('what the cookbook started becomes generation 0, is written down first, and is replaced by the ordinary strategy', async () => {
  const scene = await cookbook();
  const plan = await scene.plan(shop, { adopt: true });
  expect(planText(plan)).toMatchInlineSnapshot(`
    "create network shop (missing network -→-)
    create agent shop-agent (missing agent -→-)
    adopt adoption shop.adopted.000000000001
    update shop/db0 (adopted adopted db0→-)
    replace shop/app0 0→1 (adopted adopted app0→-) <- shop/db0
    replace shop/app1 0→1 (adopted adopted app1→-) <- shop/db0, shop/app0

    [] #1 network shop create: network.create
    [1] #2 agent shop-agent create: agent.create
    [2] #3 agent shop-agent start: agent.start
    [3] #4 adoption shop.adopted.000000000001 adopt: adoption.record
    [1,3,4] #5 prepare done: checkpoint
    [5] #6 shop/db0 join shop: container.connect
    [5,6] #7 shop/app begin: checkpoint
    [7] #8 shop/app0 create 1: container.create undo: container.rename
    [8] #9 shop/app0 keep socket 0: socket.keep undo: socket.restore
    [9] #10 shop/app0 clear 1: socket.unlink undo: socket.unlink
    [10] #11 shop/app0 start 1: container.start undo: container.stop
    [11] #12 shop/app0 gate 1: container.gate
    [12] #13 shop/app0 publish 1: socket.publish undo: socket.restore, socket.drain
    [13] #14 shop/app0 keep 1: container.policy undo: container.policy
    [14] #15 shop/app0 park 0: container.rename undo: container.rename
    [15] #16 shop/app0 switch 1: container.rename undo: container.rename
    [16] #17 shop/app0 drain 0: socket.drain
    [17] #18 shop/app0 still up 1: container.alive
    [18] #19 shop/app0 stop 0: container.stop
    [19] #20 shop/app0 publish again 1: socket.publish
    [20] #21 shop/app0 clear 0: socket.unlink
    [13] #22 shop/app1 create 1: container.create undo: container.rename
    [22] #23 shop/app1 keep socket 0: socket.keep undo: socket.restore
    [23] #24 shop/app1 clear 1: socket.unlink undo: socket.unlink
    [24] #25 shop/app1 start 1: container.start undo: container.stop
    [25] #26 shop/app1 gate 1: container.gate
    [26] #27 shop/app1 see forerunners: forerunners.alive
    [27] #28 shop/app1 publish 1: socket.publish undo: socket.restore, socket.drain
    [28] #29 shop/app1 keep 1: container.policy undo: container.policy
    [29] #30 shop/app1 park 0: container.rename undo: container.rename
    [30] #31 shop/app1 switch 1: container.rename undo: container.rename
    [31] #32 shop/app1 drain 0: socket.drain
    [32] #33 shop/app1 still up 1: container.alive
    [33] #34 shop/app1 stop 0: container.stop
    [34] #35 shop/app1 publish again 1: socket.publish
    [35] #36 shop/app1 clear 0: socket.unlink
    [21,36] #37 shop/app ready: checkpoint
    [6,37] #38 everything ready: checkpoint
    [38] #39 shop/app0 remove 0: container.remove
    [38] #40 shop/app1 remove 0: container.remove"
  `);
});

test('after it all is new but what is held, and a plain plan has nothing to do', async () => {
  const scene = await cookbook();
  const events = await scene.apply(shop, { adopt: true });
  expect(events.filter(({ type }) => type === 'node-failed')).toEqual([]);
  expect(namesOf(scene)).toMatchInlineSnapshot(`
    [
      "db0 running",
      "shop-agent running",
      "shop-app0 running",
      "shop-app1 running",
      "shop.adopted.000000000001 created",
    ]
  `);
  expect(Object.fromEntries(scene.links)).toEqual({
    [`${SOCKS}/app0.sock`]: '.shop-app0.1',
    [`${SOCKS}/app1.sock`]: '.shop-app1.1',
  });
  const again = await scene.plan(shop);
  expect(pendingIn(again)).toEqual([]);
  expect(planText(again)).toMatchInlineSnapshot(`
    "hold shop/db0 (adopted adopted db0→-)
    none shop/app0
    none shop/app1
    "
  `);
});

test('the held one is reached by links to its instance', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  const found = scene.engine.containers().find(({ name }) => name === 'db0');
  expect(found?.networks).toEqual({ bridge: [], shop: ['shop-db0'] });
});

test('one that is named later is replaced, and the record goes with the last of them', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  await scene.apply(shop, { include: ['db'] });
  expect(namesOf(scene)).toEqual([
    'shop-agent running',
    'shop-app0 running',
    'shop-app1 running',
    'shop-db0 running',
  ]);
  expect(pendingIn(await scene.plan(shop))).toEqual([]);
});

test('a record of containers that somebody has removed is tidied', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  await scene.engine.removeContainer('db0');
  const plan = await scene.plan(shop);
  expect(pendingIn(plan)).toEqual(['create shop/db0', 'tidy adoption shop.adopted.000000000001']);
  await scene.walk(plan, shop);
  expect(namesOf(scene)).not.toContain('shop.adopted.000000000001 created');
  expect(pendingIn(await scene.plan(shop))).toEqual([]);
});

test('where the new generation does not get ready the old one goes on, under its own name', async () => {
  const scene = await cookbook({
    behaviour: ({ labels: own }) => (own[labels.instance] === 'app0' ? { exitAfterMs: 0, exitCode: 1 } : {}),
  });
  await scene.apply(shop, { adopt: true });
  expect(namesOf(scene)).toMatchInlineSnapshot(`
    [
      "app0 running",
      "app1 running",
      "db0 running",
      "shop-agent running",
      "shop-app0.1.failed exited",
      "shop.adopted.000000000001 created",
    ]
  `);
  expect(Object.keys(Object.fromEntries(scene.links))).toEqual([`${SOCKS}/app0.sock`, `${SOCKS}/app1.sock`]);
  expect([...scene.links.values()].every((to) => to.startsWith('@'))).toBe(true);
});

test('where a later instance fails, those before it go back to generation 0, each under its own name', async () => {
  const scene = await cookbook({
    behaviour: ({ labels: own }) => (own[labels.instance] === 'app1' ? { exitAfterMs: 0, exitCode: 1 } : {}),
  });
  await scene.apply(shop, { adopt: true });
  expect(namesOf(scene)).toEqual([
    'app0 running',
    'app1 running',
    'db0 running',
    'shop-agent running',
    'shop-app0.1.failed exited',
    'shop-app1.1.failed exited',
    'shop.adopted.000000000001 created',
  ]);
  expect([isServed(scene, 'app0'), isServed(scene, 'app1')]).toEqual([true, true]);
  expect(pendingIn(await scene.plan(shop))).toEqual(['replace shop/app0', 'replace shop/app1']);
});

test('cut off anywhere, a plain apply comes to the same end, and somebody serves at every path all the while', async () => {
  let left = Number.POSITIVE_INFINITY;
  const before = () => {
    left -= 1;
    if (left < 0) throw new EngineError('cut-off', 'anything', 'the program was killed');
  };
  let isWhole = false;
  let resumed = 0;
  for (let calls = 1; !isWhole; calls += 1) {
    left = Number.POSITIVE_INFINITY;
    const scene = await cookbook({ before });
    const plan = await scene.plan(shop, { adopt: true });
    left = calls;
    await scene.walk(plan, shop).catch(() => []);
    isWhole = left >= 0;
    left = Number.POSITIVE_INFINITY;
    const isAdopted = namesOf(scene).some((name) => name.startsWith('shop.adopted.'));
    for (const name of ['app0', 'app1']) {
      expect(isServed(scene, name), `${name} after ${calls} calls`).toBe(true);
    }
    if (!isAdopted) continue;
    resumed += 1;
    scene.lease.unlock('a1');
    await scene.apply(shop);
    expect(pendingIn(await scene.plan(shop)), `after ${calls} calls`).toEqual([]);
    expect(namesOf(scene), `after ${calls} calls`).toEqual([
      'db0 running',
      'shop-agent running',
      'shop-app0 running',
      'shop-app1 running',
      'shop.adopted.000000000001 created',
    ]);
  }
  expect(resumed).toBeGreaterThan(40);
});

test('destroy takes it down, but leaves its anonymous volumes', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  const plan = destroyPlan(await observe(scene.engine, STACK, []), { stack: STACK, volumes: true });
  const removal = plan.nodes.find(
    ({ group, op }) => group === 'instance db0' && op.kind === 'container.remove',
  );
  expect(removal?.op).toMatchObject({ volumes: false });
  await scene.walk(plan, shop);
  expect(namesOf(scene)).toEqual([]);
});

test('what publishes ports is not bound anew for nothing: only a link takes it to a network whose name comes first', async () => {
  const ports = [{ containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' }] as const;
  const front = { name: 'front', mode: 'manual', order: 'stop-first', spec: { ports } } as const;
  const links = [{ alias: 'front', target: 'shop-front0' }];
  const joins = async (desired: DesiredState, network: string) => {
    const scene = world(['front:1', 'app:1', 'old:1']);
    await scene.engine.createNetwork(network, {});
    const id = await scene.engine.createContainer(
      plainConfig({ name: 'front0', image: 'old:1', ports, network }),
    );
    await scene.engine.startContainer(id);
    const plan = await scene.plan(desired, { adopt: true });
    return plan.nodes.flatMap(({ op }) => (op.kind === 'container.connect' ? [op.network] : []));
  };
  const alone = desiredState([front]);
  expect(await joins(alone, 'bridge')).toEqual([STACK]);
  expect(await joins(alone, 'zone')).toEqual([]);
  const isLinked = desiredState([front, { name: 'app', spec: { links } }]);
  expect(await joins(isLinked, 'zone')).toEqual([STACK]);
  // The engine connects what is in the network of another container to none besides.
  expect(await joins(isLinked, 'container:0123456789ab')).toEqual([]);
});

test('a data volume that nobody has made yet lies where the adopted container has it, also for later plans', async () => {
  const scene = world(['db:1', 'old:1']);
  const data = { ...adminVolume, target: '/data', dataVolume: null };
  const mounts = [{ ...data, source: 'site_pgdata' }];
  const id = await scene.engine.createContainer(plainConfig({ name: 'db0', image: 'old:1', mounts }));
  await scene.engine.startContainer(id);
  const wanted = [{ ...data, source: 'shop-pg-data', dataVolume: 'pg' }];
  const made = { name: 'shop-pg-data', application: STACK, dataVolume: 'pg', path: '/data', adopted: false };
  const desired = { ...desiredState([{ ...db, spec: { mounts: wanted } }]), volumes: [made] };
  const foreign = await foreignContainers(scene.engine, await observe(scene.engine, STACK, []), desired);
  const seen = { ...(await observe(scene.engine, STACK, [])), foreign };
  const taken = await takeIn(scene.engine, desired, seen, INPUTS);
  const volumes = { 'shop/pg': { '/data': { type: 'volume', source: 'site_pgdata' } } };
  expect(taken.inputs.dataMounts).toEqual(volumes);
  await scene.apply(desired, { adopt: true });
  const later = await observe(scene.engine, STACK, []);
  const pg = [{ key: 'shop/pg', name: 'pg' }] as never;
  expect(await dataMounts(pg, later, scene.engine)).toEqual(volumes);
});

test('what another stack has adopted is of that stack, although it has no labels', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  const blog = { ...desiredState([{ ...db, adopt: ['db0'] }]), stack: 'blog' };
  const foreign = await foreignContainers(scene.engine, await observe(scene.engine, 'blog', []), blog);
  expect(foreign.find(({ name }) => name === 'db0')?.stack).toBe(STACK);
});

test('--only adopts what it selects, and a later plan the others, each with a record of its own', async () => {
  const scene = world(['db:1', 'log:1', 'old:1']);
  const one = await run(scene, 'db0');
  const other = await run(scene, 'log0');
  const desired = desiredState([db, { ...db, name: 'log' }]);
  await scene.apply(desired, { adopt: true, only: ['log'] });
  await scene.apply(desired, { adopt: true });
  const { adoptions } = await observe(scene.engine, STACK, []);
  expect(adoptions.map(({ containers }) => containers)).toEqual([[one], [other]]);
  // Each goes with the last that it names.
  await scene.apply(desired, { include: ['log'], only: ['log'] });
  expect((await observe(scene.engine, STACK, [])).adoptions.map(({ containers }) => containers)).toEqual([
    [one],
  ]);
});

test('a plan tells what the new one does not mount or publish, and the old one does', async () => {
  const scene = world(['db:1', 'old:1']);
  const [data, etc, log] = ['/data', '/etc/db', '/log'].map((target) => ({
    ...adminVolume,
    target,
    dataVolume: null,
  }));
  if (data === undefined || etc === undefined || log === undefined) throw new Error('no mounts');
  const mounts = [
    { ...data, source: 'site_pgdata' },
    { ...etc, source: 'site_etc' },
    { ...log, source: 'site_log' },
  ];
  const port = { containerPort: 5432, hostPort: 5432, hostIp: null, protocol: 'tcp' } as const;
  await scene.engine.createContainer(plainConfig({ name: 'db0', image: 'old:1', mounts, ports: [port] }));
  const wanted = [
    { ...data, source: 'empty' },
    { ...log, source: 'site_log' },
  ];
  const desired = desiredState([{ ...db, spec: { mounts: wanted } }]);
  const plan = await scene.plan(desired, { adopt: true, include: ['db'] });
  expect(plan.changes.find(({ action }) => action === 'replace')?.notes.slice(0, 3)).toEqual([
    'the new one mounts empty at /data, not site_pgdata: what is in that stays there',
    'the new one does not mount site_etc at /etc/db: the file says nothing of it',
    'the new one does not publish port 5432/tcp of the host',
  ]);
});

test('one that the engine removes when it stops is not taken in', async () => {
  const scene = await cookbook();
  const seen = await observe(scene.engine, STACK, []);
  const foreign = await foreignContainers(scene.engine, seen, shop);
  const inspectContainer: typeof scene.engine.inspectContainer = async (id) => {
    const found = await scene.engine.inspectContainer(id);
    return found === null ? null : { ...found, autoRemove: found.name === 'db0' };
  };
  const engine = { inspectContainer, statPath: scene.engine.statPath.bind(scene.engine) };
  const { observed } = await takeIn(engine, shop, { ...seen, foreign }, INPUTS);
  expect(observed.containers.map(({ engineName }) => engineName)).toEqual(['app0', 'app1']);
  const known = observed.foreign.filter(({ autoRemove }) => autoRemove === true);
  expect(known.map(({ name }) => name)).toEqual(['db0']);
});

test('lists by label have what was adopted, as generation 0', async () => {
  const scene = await cookbook();
  await scene.apply(shop, { adopt: true });
  const rows = await scene.engine.listContainers([`${labels.stack}=${STACK}`]);
  const all = (await withAdopted(scene.engine, rows)).map(({ name, labels: own }) => [
    name,
    own[labels.instance],
    own[labels.generation],
  ]);
  expect(all).toContainEqual(['db0', 'db0', '0']);
  expect(all).toHaveLength(rows.length + 1);
});

test.each([['{'], ['{"version":2,"containers":[]}'], ['{"version":1,"containers":[{"id":"x"}]}']])(
  'a record that holds %s names nobody, and is tidied',
  async (text) => {
    const scene = world(['db:1', 'old:1']);
    await scene.apply(desiredState([db]));
    const own = { [labels.stack]: STACK, [labels.role]: 'adopted', [labels.adopted]: text };
    await scene.engine.createContainer(plainConfig({ name: 'shop.adopted.1', image: 'old:1', labels: own }));
    const plan = await scene.plan(desiredState([db]));
    expect(pendingIn(plan)).toEqual(['tidy adoption shop.adopted.1']);
  },
);

test('another container that has the name of a record is not removed, nor taken for one', async () => {
  const engine = world(['old:1']).engine;
  await engine.createContainer(plainConfig({ name: 'shop.adopted.1', image: 'old:1' }));
  await forgetAdoption(engine, 'shop.adopted.1');
  expect(engine.containers()).toHaveLength(1);
  const op = {
    kind: 'adoption.record',
    name: 'shop.adopted.1',
    image: 'old:1',
    labels: { [labels.adopted]: '{}' },
  } as const;
  await expect(recordAdoption(engine, op)).rejects.toThrow();
});
