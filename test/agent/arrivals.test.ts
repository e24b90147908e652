import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { AgentSession, ArrivalsRequest } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, type AgentPlace } from '../support/agent-process.ts';

let place: AgentPlace;
let session: AgentSession;
let end: () => void;

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
afterAll(() => end());

const ask = (how: Partial<ArrivalsRequest> = {}): ArrivalsRequest => ({
  name: '.arrivals-app0.1',
  pids: [process.pid],
  count: 3,
  timeoutMs: 5000,
  ...how,
});

test('counts different connections, each once, and leaves it at enough', async () => {
  const path = join(place.volume, '.arrivals-app0.1');
  const server = createServer((socket) => socket.resume()).listen(path);
  await once(server, 'listening');
  const arriving = session.arrivals(ask());
  const sockets = [];
  for (let n = 0; n < 3; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const socket = connect({ path });
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const { seen, ms } = await arriving;
  expect(seen).toBe(3);
  expect(ms).toBeGreaterThan(100);
  await expect(session.arrivals(ask({ count: 4, timeoutMs: 50 }))).resolves.toMatchObject({ seen: 3 });
  for (const socket of sockets) socket.destroy();
  server.close();
});

test('nobody comes: says so at the limit; a process that has ended has nobody', async () => {
  const result = await session.arrivals(
    ask({ name: '.arrivals-none.1', pids: [2 ** 22 - 1], timeoutMs: 60 }),
  );
  expect(result.seen).toBe(0);
  expect(result.ms).toBeGreaterThanOrEqual(60);
});

test('needs a number to count to', async () => {
  await expect(session.arrivals(ask({ count: 0 }))).rejects.toThrow('`count` is no whole number above 0');
});
