import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { drain } from '../../src/agent/drain.ts';
import type { AgentSession, DrainRequest } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, type AgentPlace } from '../support/agent-process.ts';

const NAME = '.shop-app0.1';

let place: AgentPlace;
let session: AgentSession;
let end: () => void;
const cleanups: (() => void)[] = [];

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});
afterAll(() => end());

function request(path: string, how: Partial<DrainRequest> = {}): DrainRequest {
  return { name: NAME, path, pids: [process.pid], quietMs: 50, timeoutMs: 5000, ...how };
}

/** A server at a path of its own; connections stay open until they are ended. */
async function serve(folder: string): Promise<{ readonly path: string; readonly accepted: Socket[] }> {
  const path = join(place.volume, `${folder}${NAME}`);
  const accepted: Socket[] = [];
  const server: Server = createServer((socket) => {
    accepted.push(socket);
    socket.resume();
  });
  server.listen(path);
  await once(server, 'listening');
  cleanups.push(() => {
    for (const socket of accepted) socket.destroy();
    server.close();
  });
  return { path, accepted };
}

async function connected(path: string): Promise<Socket> {
  const socket = connect({ path });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  cleanups.push(() => socket.destroy());
  return socket;
}

/** Where another process listens and accepts nothing. */
async function stalled(folder: string): Promise<string> {
  const path = join(place.volume, `${folder}${NAME}`);
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`;
  const child = spawn(process.execPath, ['-e', script]);
  await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  cleanups.push(() => child.kill('SIGKILL'));
  return path;
}

describe('a socket whose connections can be counted', () => {
  test('is drained when nobody is connected, not before the quiet time', async () => {
    const { path } = await serve('a');
    const result = await session.drain(request(path, { name: `a${NAME}`, quietMs: 120 }));
    expect(result).toEqual({ kind: 'drained', ms: expect.any(Number), most: 0 });
    expect(result.ms).toBeGreaterThanOrEqual(120);
  });

  test('waits for the last connection, and begins the quiet time anew for one that comes late', async () => {
    const { path } = await serve('b');
    const first = await connected(path);
    const draining = session.drain(request(path, { name: `b${NAME}`, quietMs: 200 }));
    const leave = (client: Socket): number => {
      client.destroy();
      return performance.now();
    };
    const late = new Promise<number>((resolve, reject) => {
      setTimeout(() => first.destroy(), 150);
      setTimeout(() => {
        connected(path).then((second) => setTimeout(() => resolve(leave(second)), 150), reject);
      }, 250);
    });
    const result = await draining;
    const endedAt = performance.now();
    expect(result).toMatchObject({ kind: 'drained', most: 1 });
    expect(endedAt - (await late)).toBeGreaterThanOrEqual(190);
  });

  test('says what is open at the limit', async () => {
    const { path, accepted } = await serve('c');
    await connected(path);
    await connected(path);
    await expect.poll(() => accepted.length).toBe(2);
    const result = await session.drain(request(path, { name: `c${NAME}`, timeoutMs: 200 }));
    expect(result).toMatchObject({ kind: 'busy', open: 2, queued: 0 });
  });

  test('says what waits to be accepted at the limit', async () => {
    const path = await stalled('d');
    const [first] = await Promise.all([connected(path), connected(path)]);
    expect(first.readyState).toBe('open');
    const result = await session.drain(request(path, { name: `d${NAME}`, timeoutMs: 200 }));
    // The listener's own table is the same here, since nobody has a network namespace of his own.
    expect(result).toMatchObject({ kind: 'busy', open: 0, queued: 2 });
  });

  test('takes a process that has ended for one that has no connections', async () => {
    const { path } = await serve('e');
    const result = await session.drain(request(path, { name: `e${NAME}`, pids: [process.pid, 2 ** 22 - 1] }));
    expect(result.kind).toBe('drained');
  });
});

describe('a socket whose connections cannot be counted', () => {
  test('is knocked at: a server that accepts and ends has accepted all that came before', async () => {
    const { path } = await serve('f');
    const server = createServer((socket) => socket.resume());
    cleanups.push(() => server.close());
    const ends = `${path}.ends`;
    server.listen(ends);
    await once(server, 'listening');
    const result = await session.drain(request(ends, { name: 'in no table' }));
    expect(result).toEqual({
      kind: 'knocked',
      ms: expect.any(Number),
      why: 'its listener is in no table that could be read',
    });
  });

  test('a server that does not answer is said to be silent', async () => {
    const path = await stalled('g');
    const result = await session.drain(request(path, { name: 'in no table', timeoutMs: 200 }));
    expect(result).toMatchObject({ kind: 'silent' });
  });

  test('nobody who listens has nobody waiting', async () => {
    const result = await session.drain(request(join(place.volume, 'none')));
    expect(result.kind).toBe('knocked');
  });

  test('a table that may not be read is named', async () => {
    // A directory where the table should be stands for one that is refused.
    const proc = join(place.root, 'proc');
    mkdirSync(join(proc, '7/net/unix'), { recursive: true });
    const result = await drain(request(join(place.volume, 'none'), { pids: [7] }), proc);
    expect(result).toMatchObject({ kind: 'knocked', why: `${proc}/7/net/unix: EISDIR` });
  });
});

test.each([
  ['a process id that is none', { pids: [0] }],
  ['no list of process ids', { pids: 'all' }],
  ['a name with a directory', { name: 'a/b' }],
  ['a path outside of the volumes', { path: '/etc/passwd' }],
])('refuses %s', async (_what, wrong) => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a broken peer might send
  const bad = { ...request(join(place.volume, 'x')), ...wrong } as DrainRequest;
  await expect(session.drain(bad)).rejects.toThrow(/is no|not a plain|does not lie/);
});
