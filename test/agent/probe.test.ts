import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { AgentSession, ProbeRequest } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, type AgentPlace } from '../support/agent-process.ts';
import { leaveStale } from '../support/leave-stale.ts';
import { listen, says, type TestServer } from '../support/servers.ts';

const HTTP = { kind: 'http', path: '/ping' } as const;

let place: AgentPlace;
let session: AgentSession;
let end: () => void;
const servers: TestServer[] = [];

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => end());

async function serving(...words: Parameters<typeof says>): Promise<TestServer> {
  const server = await listen(0, says(...words));
  servers.push(server);
  return server;
}

function ask(port: number, how: Partial<ProbeRequest> = {}): ReturnType<AgentSession['probe']> {
  return session.probe({
    target: { kind: 'tcp', host: '127.0.0.1', port },
    ask: HTTP,
    timeoutMs: 5000,
    ...how,
  });
}

describe('an answer counts when it is complete', () => {
  test.each([
    ['by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong', 200],
    ['by its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n0\r\n\r\n', 200],
    ['by the connection’s end', 'HTTP/1.0 503 Service Unavailable\r\n\r\nnot yet', 503],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    [
      'after an informational one',
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n',
      404,
    ],
  ])('%s', async (_how, bytes, status) => {
    const { port } = await serving(bytes);
    await expect(ask(port)).resolves.toEqual({ ok: true, status, ms: expect.any(Number) });
  });

  test('though the server keeps the connection open', async () => {
    const { port } = await serving('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npong', 'stay');
    await expect(ask(port)).resolves.toMatchObject({ ok: true, status: 200 });
  });

  test('though it is large', async () => {
    const { port } = await serving(
      `HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(3_000_000)}`,
    );
    await expect(ask(port)).resolves.toMatchObject({ ok: true, status: 200 });
  });
});

describe('an answer does not count', () => {
  const cut = 'closed the connection in the middle of the answer (200)';
  test.each([
    ['cut off in its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npo', cut],
    ['cut off in its chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npong\r\n', cut],
    ['cut off in its headers', 'HTTP/1.1 200 OK\r\nContent-', 'closed the connection without an answer'],
    ['that is none', '', 'closed the connection without an answer'],
    ['in another protocol', '-ERR unknown command\r\n', 'the answer is no HTTP (HPE_INVALID_CONSTANT)'],
    [
      'that changes the protocol',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      'closed the connection without an answer',
    ],
    [
      'without an end',
      `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(9_000_000)}`,
      'the answer (200) is longer than 8388608 bytes',
    ],
  ])('%s', async (_what, bytes, error) => {
    const { port } = await serving(bytes);
    await expect(ask(port)).resolves.toEqual({ ok: false, error });
  });

  test('that is reset in the middle', async () => {
    const { port } = await serving('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npo', 'reset');
    const result = await ask(port);
    expect(result).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^closed the connection|^ECONNRESET/),
    });
  });

  test.each([
    ['nothing', '', 'timed out after 150 ms waiting for an answer'],
    [
      'half an answer',
      'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npo',
      'timed out after 150 ms in the middle of the answer (200)',
    ],
  ])('when after its time there is %s', async (_what, bytes, error) => {
    const { port } = await serving(bytes, 'stay');
    await expect(ask(port, { timeoutMs: 150 })).resolves.toEqual({ ok: false, error });
  });
});

test('a request names its host and closes its connection', async () => {
  const { port, heard } = await serving('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  await ask(port, { ask: { kind: 'http', path: '/up?deep=1' } });
  const path = join(place.volume, 'host.sock');
  servers.push(await listen(path, says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')));
  await ask(port, { target: { kind: 'socket', path } });
  const [overTcp, overSocket] = [heard[0], servers.at(-1)?.heard[0]].map((request) => request?.toLowerCase());
  expect(overTcp).toContain('get /up?deep=1 http/1.1\r\n');
  expect(overTcp).toContain(`\r\nhost: 127.0.0.1:${port}\r\n`);
  expect(overTcp).toContain('\r\nconnection: close\r\n');
  expect(overSocket).toContain('\r\nhost: localhost\r\n');
});

test('a host name is tried at all of its addresses', async () => {
  const { port } = await serving('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const target = { kind: 'tcp', host: 'localhost', port } as const;
  await expect(ask(port, { target })).resolves.toMatchObject({ ok: true, status: 200 });
});

test('a plain connect sends nothing', async () => {
  const { port, heard } = await serving('');
  await expect(ask(port, { ask: { kind: 'connect' } })).resolves.toEqual({
    ok: true,
    status: null,
    ms: expect.any(Number),
  });
  expect(heard).toEqual([]);
});

test('refused connections and unknown hosts are said in the system’s words', async () => {
  const { port, close } = await serving('');
  await close();
  await expect(ask(port)).resolves.toEqual({ ok: false, error: 'ECONNREFUSED' });
  const unknown = await ask(port, { target: { kind: 'tcp', host: 'nowhere.invalid', port } });
  expect(unknown).toMatchObject({
    ok: false,
    error: expect.stringMatching(/^ENOTFOUND|^EAI_AGAIN|^timed out/),
  });
});

test('a socket that is missing, stale or no socket is told apart', async () => {
  const at = (name: string): Partial<ProbeRequest> => ({
    target: { kind: 'socket', path: join(place.volume, name) },
  });
  await expect(ask(0, at('missing.sock'))).resolves.toEqual({
    ok: false,
    error: 'ENOENT (nothing of that name)',
  });

  await leaveStale(join(place.volume, 'stale.sock'));
  await expect(ask(0, at('stale.sock'))).resolves.toEqual({ ok: false, error: 'ECONNREFUSED' });

  writeFileSync(join(place.volume, 'a-file'), '');
  await expect(ask(0, at('a-file'))).resolves.toMatchObject({ ok: false, error: 'ECONNREFUSED' });
});

test('a path that the kernel would not take is refused before it is cut short', async () => {
  const path = `${place.volume}/${'s'.repeat(108 - place.volume.length)}`;
  await expect(ask(0, { target: { kind: 'socket', path } })).rejects.toThrow(
    `the socket path is ${path.length} bytes long, the kernel takes 107`,
  );
});

test.each(['/etc/passwd', '/var/run/docker.sock', 'relative.sock'])(
  'nothing outside of the volumes: %s',
  async (path) => {
    await expect(ask(0, { target: { kind: 'socket', path } })).rejects.toThrow(
      `\`${path}\` does not lie below`,
    );
  },
);

test('no way out of the volumes by `..`', async () => {
  const path = `${place.volume}/../../../etc/x.sock`;
  await expect(ask(0, { target: { kind: 'socket', path } })).rejects.toThrow('does not lie below');
});

test('many are under way at once, and each gets its own answer', async () => {
  const slow = await serving('', 'stay');
  const fast = await serving('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const patient = ask(slow.port, { timeoutMs: 400 });
  const quick = await Promise.all(Array.from({ length: 100 }, () => ask(fast.port)));
  expect(new Set(quick.map((result) => result.ok))).toEqual(new Set([true]));
  await expect(patient).resolves.toMatchObject({ ok: false });
});
