import { expect, test } from 'vitest';

import type { ArrivalsRequest } from '../../../src/runtime/agent/agent-session.ts';
import { awaitBalancer } from '../../../src/runtime/perform/arrivals.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';

const op = {
  kind: 'socket.reached',
  volume: 'shop-socks',
  path: '',
  name: '.shop-app0.2',
  target: { kind: 'existing', id: 'c1', generation: 2 },
  count: 3,
  limitS: 30,
} as const;

/** Three containers mount the volume: the server, the agent and a balancer, whose process is 30. */
async function awaited(seen: number): Promise<{ note: string; asked: readonly ArrivalsRequest[] }> {
  const engine = memoryEngine({ images: { 'app:1': {} } });
  const server = await engine.createContainer(plainConfig({ name: 'shop-app0', image: 'app:1' }));
  const details = await engine.inspectContainer(server);
  if (details === null) throw new Error('it is there');
  const pids: Readonly<Record<string, number>> = { server: 10, 'shop-agent': 20 };
  const asked: ArrivalsRequest[] = [];
  const session = {
    arrivals: async (request: ArrivalsRequest) => {
      asked.push(request);
      return { seen, ms: 1200 };
    },
  };
  const note = await awaitBalancer(op, {
    engine: {
      inspectContainer: async (id) => ({ ...details, pid: pids[id] ?? 0 }),
      volumeProcesses: async () => [10, 20, 30],
    },
    ask: (ask) => ask(session),
    containerId: 'server',
    agent: 'shop-agent',
  });
  return { note, asked };
}

test('what the server and the agent ask themselves does not count', async () => {
  const { note, asked } = await awaited(3);
  expect(asked).toEqual([{ name: '.shop-app0.2', pids: [1, 30], count: 3, timeoutMs: 30_000 }]);
  expect(note).toBe('3 connections to it within 1.2 s');
});

test('one that waits in vain says so', async () => {
  const { note } = await awaited(1);
  expect(note).toBe('warning: 1 connection to it within 1.2 s: no balancer is known to count on it yet');
});
