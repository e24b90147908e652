import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import { askHaproxy, haproxyStats } from '../../src/agent/runtime-socket.ts';
import { leaveServers, pointServers } from '../../src/agent/tell-haproxy.ts';
import { agentAtWork } from '../support/agent-process.ts';
import { fakeHaproxy, type FakeServer } from '../support/fake-haproxy.ts';
import { leaveStale } from '../support/leave-stale.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Where `localhost` is, and a server listens. */
const HERE = '127.0.0.1';

async function haproxy(servers: readonly FakeServer[], answers?: (command: string) => string | null) {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-haproxy-'));
  const socket = join(folder, 'admin.sock');
  const fake = await fakeHaproxy(socket, servers, answers);
  cleanups.push(() => {
    fake.close();
    rmSync(folder, { recursive: true });
  });
  const commands = () => fake.asked.filter((command) => command !== 'show servers state');
  return {
    socket,
    commands,
    point: (names: readonly string[], ready = false, timeoutMs = 5000) =>
      pointServers({ socket, servers: names, host: 'localhost', ready, timeoutMs }),
    leave: (names: readonly string[], state: 'drain' | 'maint') =>
      leaveServers({ socket, servers: names, state }),
  };
}

async function listening(): Promise<number> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, HERE);
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('a haproxy that is just starting is waited for, and one that never comes told of', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-haproxy-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  const socket = join(folder, 'admin.sock');
  await leaveStale(socket);
  const telling = pointServers({
    socket,
    servers: ['app/app0'],
    host: 'localhost',
    ready: false,
    timeoutMs: 5000,
  });
  await new Promise((resolve) => setTimeout(resolve, 250));
  const fake = await fakeHaproxy(`${socket}.tmp`, [{ name: 'app/app0', address: '10.0.0.2' }]);
  renameSync(`${socket}.tmp`, socket);
  cleanups.push(() => fake.close());
  expect(await telling).toMatchObject({ missing: [] });
  expect(fake.asked).toContain(`set server app/app0 addr ${HERE}`);

  const dead = join(folder, 'dead.sock');
  await leaveStale(dead);
  await expect(askHaproxy(dead, 'show servers state', 300)).rejects.toThrow(
    `haproxy at \`${dead}\`: ECONNREFUSED`,
  );
});

describe('a new address', () => {
  test('is told for every server that is named, which goes on serving', async () => {
    const { point, commands } = await haproxy([
      { name: 'app/app0', address: '10.0.0.2' },
      { name: 'app/app1', address: '10.0.0.3' },
      { name: 'api/app0', address: '10.0.0.2', admin: 8 },
    ]);
    expect(await point(['app/app0', 'api/app0'])).toMatchObject({ missing: [], unresolved: [], down: [] });
    expect(commands()).toEqual([`set server app/app0 addr ${HERE}`, `set server api/app0 addr ${HERE}`]);
  });

  test('at which nobody listens on its port is not told', async () => {
    const { point, commands } = await haproxy([{ name: 'app/app0', address: '10.0.0.2', port: 1 }]);
    await expect(point(['app/app0'], false, 60)).rejects.toThrow(
      /nobody accepts connections at 127.0.0.1:1 /,
    );
    expect(commands()).toEqual([]);
  });

  test('that it has already is not told again', async () => {
    const { point, commands } = await haproxy([{ name: 'app/app0', address: HERE }]);
    await point(['app/app0']);
    expect(commands()).toEqual([]);
  });

  test('with ready: it serves again once somebody accepts connections there', async () => {
    const port = await listening();
    const servers = [{ name: 'app/app0', address: '10.0.0.2', admin: 1, port }];
    const { point, commands } = await haproxy(servers);
    expect(await point(['app/app0'], true)).toMatchObject({ down: [] });
    expect(commands()).toEqual([`set server app/app0 addr ${HERE}`, 'set server app/app0 state ready']);
  });

  test('with ready, where nobody listens: it stays out', async () => {
    const { point, commands } = await haproxy([{ name: 'app/app0', address: HERE, admin: 1, port: 1 }]);
    await expect(point(['app/app0'], true, 60)).rejects.toThrow(/nobody accepts connections at 127.0.0.1:1 /);
    expect(commands()).toEqual([]);
  });

  test('with ready, one that its own check finds down is named', async () => {
    const { point } = await haproxy([{ name: 'app/app0', address: HERE, up: false }]);
    expect(await point(['app/app0'], true, 60)).toMatchObject({ down: ['app/app0'] });
  });

  test('one that never had an address is left alone, and one that it does not know is named', async () => {
    const { point, commands } = await haproxy([{ name: 'app/app0', address: '-', admin: 32 }]);
    expect(await point(['app/app0', 'app/app9'])).toMatchObject({
      missing: ['app/app9'],
      unresolved: ['app/app0'],
    });
    expect(commands()).toEqual([]);
  });

  test('a refusal is passed on', async () => {
    const { point } = await haproxy([{ name: 'app/app0', address: '10.0.0.2' }], (command) =>
      command.startsWith('set') ? 'Permission denied\n' : null,
    );
    await expect(point(['app/app0'])).rejects.toThrow(
      'haproxy answers `set server app/app0 addr 127.0.0.1` with: Permission denied',
    );
  });

  test('that something sets back at once is no success', async () => {
    const servers = [{ name: 'app/app0', address: '10.0.0.2' }];
    const { point } = await haproxy(servers, (command) => (command.startsWith('set') ? '\n' : null));
    await expect(point(['app/app0'])).rejects.toThrow(
      'haproxy still has `app/app0` at 10.0.0.2, not at 127.0.0.1',
    );
  });
});

describe('taking servers out', () => {
  test('drain while another one serves, then maint', async () => {
    const { leave, commands } = await haproxy([
      { name: 'app/app0', address: '10.0.0.2' },
      { name: 'app/app1', address: '10.0.0.3' },
    ]);
    expect(await leave(['app/app0'], 'drain')).toMatchObject({ missing: [] });
    await leave(['app/app0'], 'maint');
    expect(commands()).toEqual(['set server app/app0 state drain', 'set server app/app0 state maint']);
  });

  test.each([
    ['is down', { up: false }],
    ['is out itself', { admin: 1 }],
    ['has no weight', { weight: 0 }],
  ])('the last one that serves stays: the other %s', async (_, other) => {
    const { leave, commands } = await haproxy([
      { name: 'app/app0', address: '10.0.0.2' },
      { name: 'app/app1', address: '10.0.0.3', ...other },
      { name: 'api/other', address: '10.0.0.4' },
    ]);
    await expect(leave(['app/app0'], 'drain')).rejects.toThrow(
      "no other server of haproxy's backend `app` is up: app/app0 must go on serving",
    );
    expect(commands()).toEqual([]);
  });

  test('one that serves no more by itself may go, whoever is left', async () => {
    const { leave, commands } = await haproxy([{ name: 'app/app0', address: '10.0.0.2', up: false }]);
    await leave(['app/app0'], 'drain');
    expect(commands()).toEqual(['set server app/app0 state drain']);
  });
});

test('the agent does as a session asks, at runtime sockets in its volumes only', async () => {
  const { place, session, close } = await agentAtWork();
  cleanups.push(close);
  const servers = [{ name: 'app/app0', address: '10.0.0.2' }];
  const socket = join(place.volume, 'admin.sock');
  const fake = await fakeHaproxy(socket, servers);
  cleanups.push(() => fake.close());
  const asked = { servers: ['app/app0'], host: 'localhost', ready: false, timeoutMs: 1000 };
  expect(await session.point({ socket, ...asked })).toMatchObject({ missing: [], unresolved: [], down: [] });
  expect(await session.leave({ socket, servers: ['app/app0'], state: 'maint' })).toMatchObject({
    missing: [],
  });
  expect(servers).toEqual([{ name: 'app/app0', address: HERE, admin: 1 }]);
  await expect(session.point({ socket: '/run/admin.sock', ...asked })).rejects.toThrow(
    `\`/run/admin.sock\` does not lie below ${place.root}/`,
  );
  const ports = { pid: process.pid, ports: [1], quietMs: 50, timeoutMs: 1000 };
  expect(await session.drainPorts(ports)).toMatchObject({ kind: 'drained', most: 0 });
});

test('nobody listens at the runtime socket', async () => {
  const ask = { socket: '/nowhere/admin.sock', servers: ['app/app0'], state: 'maint' } as const;
  await expect(leaveServers(ask)).rejects.toThrow(
    'haproxy at `/nowhere/admin.sock`: ENOENT (nothing of that name)',
  );
});

test('nobody is told where the agent has that socket who asks for what it tells', async () => {
  await expect(haproxyStats('/nowhere/admin.sock')).rejects.toThrow(
    /^haproxy does not answer at its `stats socket`: ENOENT \(nothing of that name\)$/,
  );
});

test('what answers is no haproxy, or may not tell', async () => {
  const { leave } = await haproxy([], () => 'Permission denied\n');
  await expect(leave(['app/app0'], 'maint')).rejects.toThrow(
    /does not tell the state of its servers: "Permission denied"$/,
  );
});

test('a name that would be another command is refused', async () => {
  const { leave, commands } = await haproxy([]);
  await expect(leave(['app/app0 state ready; shutdown'], 'maint')).rejects.toThrow(
    /is no `backend\/server`$/,
  );
  expect(commands()).toEqual([]);
});
