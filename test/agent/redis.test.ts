import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';

import { redisLength } from '../../src/agent/redis.ts';

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that gives these answers to whatever it gets, in pieces; resolves to its port and what it got. */
async function server(answers: string): Promise<{ readonly port: number; got: string }> {
  const seen = { port: 0, got: '' };
  const listener = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      seen.got += text;
      for (const piece of answers.match(/.{1,3}/gs) ?? []) socket.write(piece);
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  ends.push(() => listener.close());
  seen.port = (listener.address() as AddressInfo).port;
  return seen;
}

const ask = (port: number, password: string | null = null) =>
  redisLength({ host: '127.0.0.1', port, password, lists: ['queue:default', 'é'], timeoutMs: 2000 });

test('adds up the lengths of lists, and counts the bytes of their names', async () => {
  const redis = await server(':3\r\n:39\r\n');
  expect(await ask(redis.port)).toBe(42);
  expect(redis.got).toBe('*2\r\n$4\r\nLLEN\r\n$13\r\nqueue:default\r\n*2\r\n$4\r\nLLEN\r\n$2\r\né\r\n');
});

test('says its password first', async () => {
  const redis = await server('+OK\r\n:1\r\n:0\r\n');
  expect(await ask(redis.port, 'hush')).toBe(1);
  expect(redis.got).toMatch(/^\*2\r\n\$4\r\nAUTH\r\n\$4\r\nhush\r\n/);
});

test.each([
  ['-WRONGTYPE it is a set\r\n', 'WRONGTYPE it is a set'],
  ['-NOAUTH Authentication required.\r\n', 'NOAUTH Authentication required.'],
  ['HTTP/1.1 400 Bad Request\r\n', 'HTTP/1.1 400 Bad Request'],
  ["-ERR unknown command 'AUTH', with args beginning with: 'hus...' \r\n", /^ERR unknown command 'AUTH'$/],
  ['500 what is AUTH hush?\r\n', /^it says the password$/],
  [`-ERR ${'x'.repeat(5000)}\r\n`, /^ERR x{196}$/],
])('rejects with what the server says: %j', async (answers, why) => {
  const redis = await server(answers);
  await expect(ask(redis.port, 'hush')).rejects.toThrow(why);
});

test('rejects where nobody listens', async () => {
  const { port } = await server('');
  for (const end of ends.splice(0)) end();
  await expect(ask(port)).rejects.toThrow('ECONNREFUSED');
  await expect(ask(port)).rejects.toThrow(/^`127\.0\.0\.1`: ECONNREFUSED$/);
});

test('says whose name nobody knows', async () => {
  // No name server knows a name that is none.
  const nowhere = { host: 'shop..redis0', port: 6379, password: null, lists: ['a'], timeoutMs: 10_000 };
  await expect(redisLength(nowhere)).rejects.toThrow(/^`shop\.\.redis0` is not there$/);
});
