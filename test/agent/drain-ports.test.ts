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

test('counts what comes when there was none', async () => {
  const { port, client } = await connected();
  client.destroy();
  await once(client, 'close');
  const drained = drainPorts({ ...ask(port), quietMs: 300 });
  const late = connect(port, '127.0.0.1');
  await once(late, 'connect');
  setTimeout(() => late.destroy(), 100);
  const result = await drained;
  expect(result).toMatchObject({ kind: 'drained' });
  expect(result.ms).toBeGreaterThan(350);
});

test('the tables are not read again while the counters say that nothing has come or gone', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  cleanups.push(() => rmSync(proc, { recursive: true }));
  const net = join(proc, String(process.pid), 'net');
  mkdirSync(net, { recursive: true });
  const tell = (name: string, text: string) => writeFileSync(join(net, name), text);
  const accepted = (count: number) => tell('snmp', `Tcp: a b c d e f\nTcp: 1 200 120000 -1 5 ${count}\n`);
  const connection = `0: 0100007F:0BB8 0100007F:C001 01 00000000:00000000 00:00000000 00000000 0 0 4711\n`;
  tell('sockstat', 'TCP: inuse 1 orphan 0\n');
  tell('sockstat6', 'TCP6: inuse 0\n');
  accepted(7);
  tell('tcp', 'head\n');
  tell('tcp6', `head\n${connection}`);
  const unseen = drainPorts(ask(3000), proc);
  tell('tcp', `head\n${connection}`);
  expect(await unseen).toMatchObject({ kind: 'drained', most: 0 });
  tell('tcp', 'head\n');
  const seen = drainPorts(ask(3000, 200), proc);
  tell('tcp', `head\n${connection}`);
  accepted(8);
  expect(await seen).toMatchObject({ kind: 'busy', open: 1 });
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
