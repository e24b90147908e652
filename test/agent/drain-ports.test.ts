import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { drainPorts } from '../../src/agent/drain-ports.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A server on a port of its own, and a client that is connected to it. */
async function connected(): Promise<{ readonly port: number; readonly client: Socket }> {
  const server = createServer((socket) => socket.resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  await once(client, 'connect');
  cleanups.push(() => {
    client.destroy();
    server.close();
  });
  return { port, client };
}

const ask = (port: number, timeoutMs = 10_000) => ({
  pid: process.pid,
  ports: [port],
  quietMs: 50,
  timeoutMs,
});

test('waits until nobody is connected', async () => {
  const { port, client } = await connected();
  const drained = drainPorts(ask(port));
  setTimeout(() => client.destroy(), 100);
  const result = await drained;
  expect(result).toMatchObject({ kind: 'drained', most: 1 });
  expect(result.ms).toBeGreaterThanOrEqual(100);
});

test('counts what is left at the limit', async () => {
  const { port } = await connected();
  expect(await drainPorts(ask(port, 60))).toMatchObject({ kind: 'busy', queued: 0, open: 1 });
});

test('a process that has ended has no connections', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  cleanups.push(() => rmSync(proc, { recursive: true }));
  expect(await drainPorts(ask(3000), proc)).toMatchObject({ kind: 'drained', most: 0 });
});

test('says so where it may not look', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  cleanups.push(() => rmSync(proc, { recursive: true }));
  const net = join(proc, String(process.pid), 'net');
  mkdirSync(join(net, 'tcp'), { recursive: true });
  writeFileSync(join(net, 'tcp6'), '');
  expect(await drainPorts(ask(3000), proc)).toMatchObject({ kind: 'blind', why: `${net}/tcp: EISDIR` });
});
