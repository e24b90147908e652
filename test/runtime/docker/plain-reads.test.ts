import type { Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { DeadlinePassed } from '../../../src/runtime/docker/engine-errors.ts';
import { PlainReads } from '../../../src/runtime/docker/plain-reads.ts';
import { fakeTcp, type FakeServer } from '../../support/fake-engine.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Counts the connections; `answer` hears of each request's path. */
async function serving(answer: (path: string, socket: Socket) => void) {
  const connections: Socket[] = [];
  const server: FakeServer = await fakeTcp((socket) => {
    connections.push(socket);
    socket.on('data', (bytes: Buffer) => {
      for (const [, path = ''] of bytes.toString('latin1').matchAll(/^(?:GET|HEAD) (\S+)/gm))
        answer(path, socket);
    });
  });
  open.push(server);
  const reads = new PlainReads(server.path);
  open.push(reads);
  return { reads, connections };
}

function reply(socket: Socket, body: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
}

it('keeps a connection for what is asked later, and asks in one go what is wanted at once', async () => {
  const { reads, connections } = await serving((path, socket) => reply(socket, path));
  expect((await reads.ask('GET', '/a', null)).body).toBe('/a');
  expect((await reads.ask('GET', '/b', null)).body).toBe('/b');
  const bodies = await Promise.all(['/c', '/d', '/e'].map((path) => reads.ask('GET', path, null)));
  expect(bodies.map(({ body }) => body)).toEqual(['/c', '/d', '/e']);
  expect(connections).toHaveLength(1);
});

it('has four connections at most, and asks the rest as they come free', async () => {
  const { reads, connections } = await serving((path, socket) => reply(socket, path));
  const paths = Array.from({ length: 300 }, (_, index) => `/${index}`);
  const bodies = await Promise.all(paths.map((path) => reads.ask('GET', path, null)));
  expect(bodies.map(({ body }) => body)).toEqual(paths);
  expect(connections).toHaveLength(4);
});

it('lets nothing wait behind what was asked earlier', async () => {
  const { reads, connections } = await serving((path, socket) => path !== '/slow' && reply(socket, path));
  const slow = reads.ask('GET', '/slow', null);
  slow.catch(() => undefined);
  await new Promise(setImmediate);
  expect((await reads.ask('GET', '/b', null)).body).toBe('/b');
  expect(connections).toHaveLength(2);
});

it('takes answers apart wherever they are cut', async () => {
  let sent = '';
  const { reads } = await serving((path, socket) => {
    sent += `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n${path}\r\n0\r\n\r\n`;
    if (path !== '/c') return;
    const half = sent.length / 2;
    socket.write(sent.slice(0, half));
    setTimeout(() => socket.write(sent.slice(half)), 20);
  });
  const bodies = await Promise.all(['/a', '/b', '/c'].map((path) => reads.ask('GET', path, null)));
  expect(bodies.map(({ body }) => body)).toEqual(['/a', '/b', '/c']);
});

it('reads what comes of GET and HEAD in one go, whatever length a HEAD tells of', async () => {
  const { reads, connections } = await serving((path, socket) => {
    if (path === '/head') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 70\r\n\r\n');
    else reply(socket, path);
  });
  const asked = [
    reads.ask('GET', '/a', null),
    reads.ask('HEAD', '/head', null),
    reads.ask('GET', '/b', null),
  ];
  expect((await Promise.all(asked)).map(({ body }) => body)).toEqual(['/a', '', '/b']);
  expect(connections).toHaveLength(1);
});

it('asks again what was asked with a request that failed', async () => {
  const { reads, connections } = await serving((path, socket) => {
    if (path === '/cut') socket.destroy();
    else if (path === '/nonsense') socket.write('what?\r\n');
    else reply(socket, path);
  });
  const asked = ['/a', '/cut', '/b', '/nonsense', '/c'].map((path) => reads.ask('GET', path, null));
  const outcomes = await Promise.allSettled(asked);
  expect(outcomes.map((one) => (one.status === 'fulfilled' ? one.value.body : null))).toEqual([
    '/a',
    null,
    '/b',
    null,
    '/c',
  ]);
  expect(connections.length).toBeGreaterThan(1);
});

it('trusts no connection that says more than was asked', async () => {
  const { reads, connections } = await serving((path, socket) => {
    reply(socket, path);
    reply(socket, '/forged');
  });
  expect((await reads.ask('GET', '/a', null)).body).toBe('/a');
  expect((await reads.ask('GET', '/b', null)).body).toBe('/b');
  expect(connections).toHaveLength(2);
});

it('lets what waits for a connection hear of a server that goes away', async () => {
  const { reads } = await serving((_path, socket) => socket.destroy());
  const asked = Array.from({ length: 9 }, () => reads.ask('GET', '/a', null));
  for (const { status } of await Promise.allSettled(asked)) expect(status).toBe('rejected');
});

it('asks on another connection when the server has ended one, or has said that it will', async () => {
  const { reads, connections } = await serving((path, socket) =>
    path === '/last' ? socket.end('HTTP/1.1 200 OK\r\n\r\nbye') : reply(socket, path),
  );
  await reads.ask('GET', '/a', null);
  const ended = new Promise((resolve) => connections[0]?.once('close', resolve));
  connections[0]?.end();
  await ended;
  expect((await reads.ask('GET', '/b', null)).body).toBe('/b');
  expect((await reads.ask('GET', '/last', null)).body).toBe('bye');
  expect((await reads.ask('GET', '/c', null)).body).toBe('/c');
  expect(connections).toHaveLength(3);
});

it('gives up what is late, and only that', async () => {
  const { reads } = await serving((path, socket) => {
    if (path === '/soon') setTimeout(() => reply(socket, path), 60);
  });
  const [late, soon] = await Promise.allSettled([
    reads.ask('GET', '/never', 30),
    reads.ask('GET', '/soon', 5000),
  ]);
  expect(late).toMatchObject({ status: 'rejected', reason: new DeadlinePassed(30) });
  expect(soon).toMatchObject({ status: 'fulfilled', value: { body: '/soon' } });
});

it('tells whoever waits when it is closed', async () => {
  const { reads } = await serving(() => reads.close());
  await expect(reads.ask('GET', '/a', null)).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('refuses what would be more than a path', async () => {
  const { reads, connections } = await serving((path, socket) => reply(socket, path));
  await expect(reads.ask('GET', '/a HTTP/1.1\r\nX: y', null)).rejects.toThrow('escaped');
  expect(connections).toHaveLength(0);
});
