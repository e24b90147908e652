import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';

import type { Notification } from '../../src/compiler/desired/desired-state.ts';
import { deliver } from '../../src/runtime/notify/deliver.ts';
import { messageOf, type Told } from '../../src/runtime/notify/message.ts';
import { systemClock } from '../../src/runtime/clock.ts';

const told: Told = {
  event: 'success',
  stack: 'shop',
  application: 'shop',
  container: 'app',
  instances: ['app0', 'app1'],
  command: 'apply',
  revision: 41,
  image: 'shop:2',
  release: '0123456789ab',
  commit: null,
  user: 'deploy',
  host: 'laptop',
  finished_at: '2026-01-02T03:04:05.000Z',
  took_ms: 12_345,
  error: null,
};
const never = new AbortController().signal;
const nothing = (): null => null;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that answers with these codes in turn, the last one for ever; 0: never. */
async function listening(...codes: readonly number[]): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const made = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      const code = codes[Math.min(seen.length, codes.length) - 1] ?? 200;
      if (code === 0) return;
      response.writeHead(code, { location: 'http://127.0.0.1:1/elsewhere' }).end('ok');
    });
  }).listen(0, '127.0.0.1');
  servers.push(made);
  await once(made, 'listening');
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}/hook?token=in-the-url`, seen };
}

/** A clock that waits for nobody, and tells how long it was asked to. */
function hasty() {
  const slept: number[] = [];
  return { slept, clock: { ...systemClock, sleep: async (ms: number) => void slept.push(ms) } };
}

describe('delivery', () => {
  test.each<[string, readonly number[], number, string | null, readonly number[]]>([
    ['arrives', [204], 1, null, []],
    ['is tried again while the server is in trouble', [503, 429, 200], 3, null, [1000, 3000]],
    ['is given up after three tries', [500], 3, 'it answered 500', [1000, 3000]],
    ['is not tried again where the answer is final', [403], 1, 'it answered 403', []],
    ['goes nowhere else', [302], 1, 'it answered 302', []],
  ])('%s', async (_title, codes, tries, why, pauses) => {
    const { url, seen } = await listening(...codes);
    const { clock, slept } = hasty();
    expect(await deliver({ url, headers: {}, body: '{}' }, clock, never)).toBe(why);
    expect(seen).toHaveLength(tries);
    expect(slept).toEqual(pauses);
  });

  test('to nobody is told without the address', async () => {
    const { clock } = hasty();
    const url = 'http://127.0.0.1:1/hook?token=in-the-url';
    expect(await deliver({ url, headers: {}, body: '{}' }, clock, never)).not.toContain('token');
    expect(await deliver({ url, headers: {}, body: '{}' }, clock, never)).not.toBeNull();
  });
});

test('whoever interrupts waits for nobody', async () => {
  const { url, seen } = await listening(0);
  const stop = new AbortController();
  const sent = deliver({ url, headers: {}, body: '{}' }, systemClock, stop.signal);
  await expect.poll(() => seen.length).toBe(1);
  stop.abort();
  expect(await sent).toBe('interrupted');
});

describe('messages', () => {
  const rollbar: Notification = {
    kind: 'rollbar',
    url: 'https://rollbar.example/deploy',
    token: 'only-a-header',
    envVar: 'RACK_ENV',
    revVar: 'GIT_REVISION',
  };

  test('Rollbar gets what its deploy API wants, and the token in a header alone', () => {
    const env: Record<string, string> = { RACK_ENV: 'staging', GIT_REVISION: 'abc' };
    const { headers, body, url } = messageOf(rollbar, told, (name) => env[name] ?? null);
    expect(url).toBe(rollbar.url);
    expect(headers['x-rollbar-access-token']).toBe('only-a-header');
    expect(body).not.toContain('only-a-header');
    expect(JSON.parse(body)).toEqual({
      environment: 'staging',
      revision: 'abc',
      local_username: 'deploy',
      comment: 'shop/app deployed: shop:2, revision 41 of stack shop, by deploy on laptop, in 12 s',
      status: 'succeeded',
    });
  });

  test('Rollbar without variables gets the release, and a failure as such', () => {
    const { body } = messageOf(rollbar, { ...told, event: 'rollback', error: 'not ready' }, () => '');
    expect(JSON.parse(body)).toMatchObject({
      environment: 'production',
      revision: '0123456789ab',
      status: 'failed',
    });
  });

  test('a webhook is signed with its secret', () => {
    const secret = `whsec_${Buffer.from('correct horse battery staple').toString('base64')}`;
    const to = { kind: 'webhook', url: 'https://ci.example', secret, headers: [['X-Own', 'yes']] } as const;
    const { headers, body } = messageOf(to, told, nothing);
    expect(JSON.parse(body)).toEqual(told);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
    const signature = createHmac('sha256', 'correct horse battery staple').update(signed).digest('base64');
    expect(headers).toMatchObject({ 'webhook-signature': `v1,${signature}`, 'X-Own': 'yes' });
    expect(messageOf({ ...to, secret: null }, told, nothing).headers).not.toHaveProperty('webhook-signature');
  });

  test('Slack gets a sentence, its three characters escaped', () => {
    const to = { kind: 'slack', url: 'https://slack.example', channel: '#deploys' } as const;
    const { body } = messageOf(
      to,
      { ...told, event: 'failure', revision: null, error: 'a < b & c' },
      nothing,
    );
    expect(JSON.parse(body)).toEqual({
      text: 'shop/app not deployed: shop:2, stack shop, by deploy on laptop, in 12 s: a &lt; b &amp; c',
      channel: '#deploys',
    });
    expect(JSON.parse(messageOf({ ...to, channel: null }, told, nothing).body)).not.toHaveProperty('channel');
  });
});
