import type { ServerResponse } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import {
  CutOff,
  DeadlinePassed,
  HttpFailure,
  NonsenseAnswer,
} from '../../../src/runtime/docker/engine-errors.ts';
import { send } from '../../../src/runtime/docker/send.ts';
import { fakeHttp, type FakeServer } from '../../support/fake-engine.ts';

const open: FakeServer[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function post(answer: (response: ServerResponse) => void, limitMs: number | null = null) {
  const server = await fakeHttp(answer);
  open.push(server);
  return send({ socketPath: server.path, method: 'POST', path: '/' }, '{}', { mode: 'answer', limitMs });
}

it('gives the JSON of an answer, and null for none', async () => {
  expect(await post((response) => response.end('{"Id": "a"}'))).toEqual({ Id: 'a' });
  expect(await post((response) => response.writeHead(204).end())).toBeNull();
});

it.each<[string, (response: ServerResponse) => void, Error]>([
  [
    'another status, with its words',
    (response) => response.writeHead(409).end('{"message": "in use"}'),
    new HttpFailure(409, '{"message": "in use"}'),
  ],
  ['text', (response) => response.end('hello'), new NonsenseAnswer('it sent `hello`')],
  [
    'JSON that only began, and the end of the connection',
    (response) => {
      response.shouldKeepAlive = false;
      response.end('{"Id": "a');
    },
    new CutOff(),
  ],
  [
    'less than it said',
    (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"Id"');
      setImmediate(() => response.destroy());
    },
    new CutOff(),
  ],
  ['an answer without an end', (response) => void response.write('{"Id"'), new DeadlinePassed(100)],
  ['nothing', () => undefined, new DeadlinePassed(100)],
])('fails for %s', async (_name, answer, error) => {
  await expect(post(answer, error instanceof DeadlinePassed ? 100 : null)).rejects.toEqual(error);
});

it('knows a connection that ends without an answer', async () => {
  await expect(post((response) => response.destroy())).rejects.toMatchObject({ code: 'ECONNRESET' });
});
