import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ServedPlace } from '../../src/compiler/metrics/served-places.ts';
import { isFromHost } from '../../src/agent/from-host.ts';
import { serveMetrics, type MetricsPlaces } from '../../src/agent/serve-metrics.ts';
import { leaveStale } from '../support/leave-stale.ts';
import { freePort } from '../support/stack-cli.ts';

let folder: string;
let socket: string;
let own: NonNullable<MetricsPlaces['socket']>;
let stop: AbortController;
const notes: string[] = [];
const told: ServedPlace[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serve-metrics-'));
  socket = join(folder, 'shop.sock');
  own = { path: socket, shown: socket };
  stop = new AbortController();
  notes.length = 0;
  told.length = 0;
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

function serve(places: Partial<MetricsPlaces>): void {
  serveMetrics({
    socket: null,
    listen: null,
    text: () => Promise.resolve('up 1\n'),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    onPlace: (place) => void told.push(place),
    note: (line) => void notes.push(line),
    stop: stop.signal,
    againMs: 100,
    ...places,
  });
}

/** The status and the words of an answer. */
function ask(
  where: { readonly socketPath: string } | { readonly port: number },
  path = '/metrics',
  method = 'GET',
): Promise<readonly [number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, host: '127.0.0.1', path, method, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (data: Buffer) => (text += data.toString()));
      answer.on('end', () => resolve([answer.statusCode, text]));
    });
    asked.on('error', reject);
    asked.end();
  });
}

const said = (line: string) => expect.poll(() => notes, { timeout: 15_000 }).toContain(line);

test('answers at a socket for its owner and group, and at a port', async () => {
  const port = await freePort();
  const at = `127.0.0.1:${port}`;
  serve({ socket: own, listen: { host: '127.0.0.1', port, shown: at } });
  await said(`metrics are served at ${socket}`);
  await said(`metrics are served at ${at}`);
  expect(statSync(socket).mode & 0o777).toBe(0o660);
  expect(await ask({ socketPath: socket })).toEqual([200, 'up 1\n']);
  expect(await ask({ port }, '/metrics?x=1')).toEqual([200, 'up 1\n']);
  expect(await ask({ port }, '/')).toEqual([404, 'metrics are at /metrics\n']);
  expect(await ask({ port }, '/metrics', 'POST')).toEqual([405, 'metrics are only read\n']);
  expect(await ask({ port }, '/metrics', 'HEAD')).toEqual([200, '']);
});

test('says that metrics cannot be told, and not why', async () => {
  serve({ socket: own, text: () => Promise.reject(new Error('sentinel-reason')) });
  await said(`metrics are served at ${socket}`);
  expect(await ask({ socketPath: socket })).toEqual([
    500,
    'metrics cannot be told; `stack agent logs` says why\n',
  ]);
  await said('metrics could not be told: sentinel-reason');
});

test('takes the place of a socket that nobody serves any more, and leaves none behind', async () => {
  await leaveStale(socket);
  serve({ socket: own });
  await said(`metrics are served at ${socket}`);
  expect(await ask({ socketPath: socket })).toEqual([200, 'up 1\n']);
  stop.abort();
  expect(existsSync(socket)).toBe(false);
});

test('never takes it from somebody who listens, and not from a file', async () => {
  const other: Server = createServer((peer) => peer.end());
  other.listen(socket);
  await once(other, 'listening');
  const file = join(folder, 'file');
  writeFileSync(file, 'mine');
  serve({ socket: own });
  serve({ socket: { path: file, shown: file } });
  await said(`no metrics at ${socket}: somebody else listens there; tried again until it can be had`);
  await said(`no metrics at ${file}: it is a file; tried again until it can be had`);
  other.close();
  await said(`metrics are served at ${socket}`);
  expect(statSync(file).isFile()).toBe(true);
  expect(told).toEqual(
    expect.arrayContaining([
      { at: file, why: 'it is a file' },
      { at: socket, why: 'somebody else listens there' },
      { at: socket, why: null },
    ]),
  );
});

test('makes its socket again when somebody removes it, and takes it from nobody who has it by then', async () => {
  serve({ socket: own });
  await said(`metrics are served at ${socket}`);
  rmSync(socket);
  await said(`the socket ${socket} is gone: it is made again`);
  await expect.poll(() => notes.filter((line) => line.startsWith('metrics are'))).toHaveLength(2);
  expect(await ask({ socketPath: socket })).toEqual([200, 'up 1\n']);

  rmSync(socket);
  const other = createServer((peer) => peer.end());
  other.listen(socket);
  await once(other, 'listening');
  const { ino } = statSync(socket);
  await said(`no metrics at ${socket}: somebody else listens there; tried again until it can be had`);
  stop.abort();
  expect(statSync(socket).ino).toBe(ino);
  other.close();
});

test('goes on when somebody cannot be let in', async () => {
  const port = await freePort();
  const at = `127.0.0.1:${port}`;
  const listening = vi.spyOn(Server.prototype, 'listen');
  serve({ listen: { host: '127.0.0.1', port, shown: at } });
  await said(`metrics are served at ${at}`);
  const [server] = listening.mock.contexts;
  listening.mockRestore();
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
  if (!(server instanceof Server)) throw new Error('nobody listens');
  for (let times = 0; times < 2; times += 1) server.emit('error', error);
  expect(notes.filter((line) => line.startsWith(`somebody could not be answered at ${at}: `))).toHaveLength(
    1,
  );
  expect(await ask({ port })).toEqual([200, 'up 1\n']);
});

const ROUTES = `Iface\tDestination\tGateway \tFlags
eth0\t00000000\t010011AC\t0003
eth0\t000011AC\t00000000\t0001
`;

test.each([
  ['172.17.0.1', true],
  ['127.0.0.1', true],
  ['172.17.0.2', false],
  ['0.0.0.0', false],
  ['192.168.1.20', false],
  [undefined, false],
])('a port is for the host alone: %s', (peer, isOne) => {
  expect(isFromHost(peer, ROUTES)).toBe(isOne);
});
