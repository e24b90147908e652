import { expect, test } from 'vitest';

import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import type { PortArrivalsRequest, PortArrivalsResult } from '../../../src/runtime/agent/agent-session.ts';
import { awaitProxies, tellFilter } from '../../../src/runtime/perform/proxies.ts';
import type { Behaviour } from '../../support/memory/behaviour.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const target = { kind: 'existing', id: 'new', generation: 2 } as const;
const old = { kind: 'existing', id: 'old', generation: 1 } as const;
const op = {
  kind: 'proxies.reached',
  target,
  old,
  ports: [3000],
  networks: ['front'],
  count: 3,
  limitS: 10,
  must: true,
} as const;

const WORKER = 'nginx: worker process';
const LEAVING = 'nginx: worker process is shutting down';

/** Two generations, and a proxy with these processes, look by look; the last one goes on. */
async function awaited(
  seen: Omit<PortArrivalsResult, 'ms'>,
  looks: readonly (readonly string[] | null)[] = [['caddy']],
  must = true,
) {
  const clock = virtualClock();
  const engine = memoryEngine({ clock, images: { 'app:1': {} } });
  await engine.createNetwork('front', {});
  const start = async (name: string, network: string) => {
    const id = await engine.createContainer(plainConfig({ name, image: 'app:1', network }));
    await engine.startContainer(id);
    return id;
  };
  const [containerId, oldId] = [await start('new', 'front'), await start('old', 'front')];
  const proxy = await start('proxy', 'front');
  const elsewhere = await start('elsewhere', 'none');
  const asked: PortArrivalsRequest[] = [];
  let look = 0;
  const seeing: MemoryEngine = {
    ...engine,
    processes: async (id) => {
      expect(id).not.toBe(elsewhere);
      const titles = id === proxy ? looks[Math.min(look++, looks.length - 1)] : ['unicorn master'];
      if (!titles) throw new EngineError('server', 'look', 'exec: "ps": executable file not found', 500);
      return titles.map((title, index) => ({ pid: 100 + index, title }));
    },
  };
  const note = await clock.run(
    awaitProxies(
      { ...op, must },
      {
        engine: seeing,
        clock,
        containerId,
        oldId,
        ask: (ask) =>
          ask({
            portArrivals: async (request) => {
              asked.push(request);
              return { ...seen, ms: 1200 };
            },
          }),
      },
    ),
  );
  return { note, asked, tookMs: clock.now() };
}

test('they have come, and none of them is an nginx', async () => {
  const { note, asked } = await awaited({ seen: 3, beside: 9 });
  expect(note).toBe('3 connections to it within 1.2 s');
  expect(asked).toMatchObject([{ ports: [3000], count: 3, idleMs: 5_000, timeoutMs: 10_000 }]);
});

test('an nginx is waited for until a second after the last worker of before has left', async () => {
  const reloading = [WORKER, WORKER, LEAVING];
  const { note, tookMs } = await awaited({ seen: 3, beside: 9 }, [[WORKER], [WORKER], reloading, [WORKER]]);
  expect(note).toBe('3 connections to it within 1.2 s');
  expect(tookMs).toBeGreaterThanOrEqual(1_200);
});

test('one whose workers of before do not leave is not waited for beyond the limit', async () => {
  const { note } = await awaited({ seen: 3, beside: 9 }, [[WORKER, LEAVING]]);
  expect(note).toMatch(/^warning: 1 worker of an nginx still at what came before its reload, after 11 s; 3/);
});

test('where processes cannot be seen, a second is waited for', async () => {
  const { note, tookMs } = await awaited({ seen: 3, beside: 9 }, [null]);
  expect(note).toBe('3 connections to it within 1.2 s');
  expect(tookMs).toBe(1_000);
});

test('they go on coming to the old one alone: the old one must not refuse', async () => {
  const words = 'no proxy has come to it within 1.2 s, 9 connections to the generation before it';
  await expect(awaited({ seen: 0, beside: 9 })).rejects.toThrow(words);
  const { note } = await awaited({ seen: 0, beside: 9 }, [['caddy']], false);
  expect(note).toBe(`warning: ${words}`);
});

test('where nobody comes to either it goes on', async () => {
  expect((await awaited({ seen: 0, beside: 0 })).note).toBe('nobody came within 1.2 s');
});

/** Sends somebody to a container that runs, or not. */
async function sent(
  doing: Parameters<typeof tellFilter>[0],
  { runs = true, behaviour = {} }: { readonly runs?: boolean; readonly behaviour?: Behaviour } = {},
) {
  const clock = virtualClock();
  const made: ContainerConfig[] = [];
  const engine = memoryEngine({
    clock,
    images: { 'app:1': {}, 'agent:1': {} },
    behaviour: (config) => {
      if (config.image !== 'agent:1') return {};
      made.push(config);
      return { exitAfterMs: 1, ...behaviour };
    },
  });
  const id = await engine.createContainer(
    plainConfig({ name: 'shop-app0', image: 'app:1', network: 'none' }),
  );
  if (runs) await engine.startContainer(id);
  const sender = { engine, clock, stack: 'shop', image: 'agent:1' };
  const note = await clock.run(tellFilter(doing, id, sender).catch((error: unknown) => String(error)));
  return { note, made, id, left: engine.containers().map(({ name }) => name.replace('/', '')) };
}

test('new connections are refused from a container of ours in the network of the other, which then is gone', async () => {
  const { note, made, id, left } = await sent({ kind: 'ports.refuse', target, ports: [80, 3000] });
  expect(note).toBeNull();
  const [errand] = made;
  expect(errand).toMatchObject({
    network: `container:${id}`,
    entrypoint: ['nft'],
    capDrop: ['ALL'],
    capAdd: ['NET_ADMIN'],
  });
  expect(errand?.command?.join()).toContain(
    'iifname != "lo" tcp dport { 80, 3000 } tcp flags & (fin | syn | rst | ack) == syn reject with tcp reset',
  );
  expect(left).toEqual(['shop-app0']);
});

test('they are let in again', async () => {
  const { made } = await sent({ kind: 'ports.admit', target });
  expect(made[0]?.command).toEqual(['table inet stackc\ndelete table inet stackc\n']);
});

test('proxies are woken by a container that tries the filter out where nobody is', async () => {
  const { made } = await sent({ kind: 'proxies.wake', networks: ['front'] });
  expect(made.map(({ network }) => network)).toEqual(['none']);
});

test('nobody can connect to one that does not run', async () => {
  const { note, made } = await sent({ kind: 'ports.refuse', target, ports: [80] }, { runs: false });
  expect(note).toBe('it does not run: nobody can connect');
  expect(made).toEqual([]);
});

test('a kernel without the filter says so, and nothing is left', async () => {
  const behaviour = {
    exitCode: 1,
    output: [{ stream: 'stderr', text: 'Error: Could not process rule: Operation not supported' }],
  } as const;
  const { note, left } = await sent({ kind: 'ports.refuse', target, ports: [80] }, { behaviour });
  expect(note).toBe(
    'ErrandError: `nft` exited with code 1: Error: Could not process rule: Operation not supported',
  );
  expect(left).toEqual(['shop-app0']);
});

test('an agent without `nft` says so', async () => {
  const startError = 'exec: "nft": executable file not found in $PATH';
  const { note } = await sent({ kind: 'proxies.wake', networks: ['front'] }, { behaviour: { startError } });
  expect(note).toBe('ErrandError: the image of the agent has no `nft`');
});

test('one that does not end is not waited for', async () => {
  const behaviour = { exitAfterMs: 600_000 };
  const { note, left } = await sent({ kind: 'proxies.wake', networks: ['front'] }, { behaviour });
  expect(note).toBe('ErrandError: `nft` did not end within 30 s');
  expect(left).toEqual(['shop-app0']);
});
