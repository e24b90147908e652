import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../src/runtime/clock.ts';
import { knock } from '../../src/runtime/notify/deliver.ts';
import { whyUnreached } from '../../src/runtime/notify/why-unreached.ts';

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done)))));

/** A server that does this with whoever comes; its port. */
async function serving(does: (socket: Socket) => void): Promise<number> {
  const server = createServer(does);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** What was asked is read first: to leave it would be a reset. */
function says(socket: Socket, text: string): void {
  socket.once('data', () => {
    socket.write(text);
    socket.destroySoon();
  });
}

/** A port on which nobody listens. */
async function unused(): Promise<number> {
  const port = await serving(() => undefined);
  await new Promise((done) => servers.pop()?.close(done));
  return port;
}

const clock = { ...systemClock, sleep: async () => undefined };
const ask = (url: string) => knock(url, clock, new AbortController().signal);

describe('an address that is not reached', () => {
  test.each<[string, () => Promise<string>, string]>([
    ['nobody listens', async () => `http://127.0.0.1:${await unused()}`, 'connection refused (ECONNREFUSED)'],
    [
      'it says nothing',
      async () => `http://127.0.0.1:${await serving((socket) => says(socket, ''))}`,
      'the connection was closed without an answer (UND_ERR_SOCKET)',
    ],
    [
      'fetch does not ask there',
      async () => 'http://127.0.0.1:1',
      'its port is one of those that fetch never asks',
    ],
    ['it is no web address', async () => 'ftp://127.0.0.1', 'it is neither http nor https'],
    [
      'no web server is there',
      async () => `http://127.0.0.1:${await serving((socket) => says(socket, 'hello\r\n\r\n'))}`,
      'HPE_INVALID_CONSTANT',
    ],
  ])('is told with its cause, and without its own words: %s', async (_, base, why) => {
    expect(await ask(`${await base()}/secret-part?token=secret-part`)).toBe(why);
  });

  test.each<[unknown, string]>([
    [failed({ code: 'ENOTFOUND' }), 'no such host (ENOTFOUND)'],
    [failed({ code: 'SOMETHING_NEW' }), 'SOMETHING_NEW'],
    [failed(new RangeError('of http://secret-part')), 'it cannot be asked (RangeError)'],
    [new TypeError('http://secret-part'), 'it cannot be asked (TypeError)'],
    [Object.assign(new Error('late'), { name: 'TimeoutError' }), 'no answer within 5 s'],
    ['thrown', 'it cannot be asked'],
  ])('%s', (error, why) => {
    expect(whyUnreached(error, 5000)).toBe(why);
  });
});

function failed(cause: object): Error {
  return new TypeError('fetch failed', { cause });
}
