import { describe, expect, test } from 'vitest';

import { haproxyFront, nginxFront, type FrontView } from '../../../src/compiler/balancer/front.ts';
import { readHaproxy } from '../../../src/compiler/balancer/haproxy.ts';
import { readNginx } from '../../../src/compiler/balancer/nginx.ts';

describe('haproxy', () => {
  const front = (text: string, words: readonly string[] = []) => haproxyFront(readHaproxy(text), words);

  test('as it is recommended in the network of the host', () => {
    const text = `global
  hard-stop-after 1m
defaults
  mode http
  option idle-close-on-response
  timeout client 30s
  timeout http-request 10s
  timeout http-keep-alive 5s
  timeout server 20s
frontend requests
  bind :80
  default_backend app
backend app
  server app0 /s/app0.sock
backend slow
  timeout server 25s
  server slow0 /s/slow0.sock`;
    expect(front(text)).toEqual({
      sharesPorts: true,
      datagrams: false,
      closesBehindAnswers: true,
      idleMs: 5000,
      passesBytes: false,
      upgrades: false,
      requestMs: 25_000,
      cutsAfterMs: 60_000,
    } satisfies FrontView);
  });

  const HTTP = 'defaults\n  mode http\n  option idle-close-on-response\n  timeout client 30s\n';
  const REQUESTS = `${HTTP}frontend a\n  bind :80\n`;
  test.each<[string, string, Partial<FrontView>]>([
    ['ports of its own', `global\n  noreuseport\n${REQUESTS}`, { sharesPorts: false }],
    ['the client’s timeout, without another', REQUESTS, { idleMs: 30_000, requestMs: 0, cutsAfterMs: null }],
    [
      'no timeout at all',
      'frontend a\n  mode http\n  bind :80',
      { idleMs: null, closesBehindAnswers: false },
    ],
    ['the request’s timeout, before the client’s', `${REQUESTS}  timeout http-request 9s`, { idleMs: 9000 }],
    [
      'one front without the option',
      `${REQUESTS}frontend b\n  no option idle-close-on-response\n  bind :81`,
      { closesBehindAnswers: false },
    ],
    [
      'one that closes each connection anyway',
      `${REQUESTS}frontend b\n  no option idle-close-on-response\n  option httpclose\n  bind :81`,
      { closesBehindAnswers: true },
    ],
    [
      'one on a socket is no matter here',
      `${REQUESTS}frontend b\n  no option idle-close-on-response\n  bind /s/b.sock`,
      { closesBehindAnswers: true },
    ],
    ['bytes', `${REQUESTS}listen db\n  mode tcp\n  bind :5432\n  server d db:5432`, { passesBytes: true }],
    ['bytes on a socket', `${REQUESTS}listen db\n  mode tcp\n  bind /s/d.sock`, { passesBytes: false }],
    ['QUIC', `${REQUESTS}  bind quic4@:443 ssl crt /c`, { datagrams: true }],
    ['a server that may take any time', `${REQUESTS}backend b\n  server s s:1`, { requestMs: null }],
  ])('%s', (_, text, wanted) => {
    expect(front(text)).toMatchObject(wanted);
  });

  test('told by its words', () => {
    expect(front(REQUESTS, ['haproxy', '-dR']).sharesPorts).toBe(false);
  });
});

describe('nginx', () => {
  const front = (text: string) => nginxFront(readNginx(new Map([['/etc/nginx/nginx.conf', text]])));

  test('as it is recommended in the network of the host', () => {
    const text = `worker_shutdown_timeout 1m;
http {
  keepalive_min_timeout 5s;
  server {
    listen 80 reuseport;
    listen [::]:80 reuseport;
    location / { proxy_pass http://unix:/s/app0.sock; proxy_read_timeout 20s; }
  }
  server { listen 80; server_name other; }
}`;
    expect(front(text)).toEqual({
      sharesPorts: true,
      datagrams: false,
      closesBehindAnswers: true,
      idleMs: 5000,
      passesBytes: false,
      upgrades: false,
      requestMs: 20_000,
      cutsAfterMs: 60_000,
    } satisfies FrontView);
  });

  const server = (inside: string, around = '') => `http { ${around} server { ${inside} } }`;
  test.each<[string, string, Partial<FrontView>]>([
    [
      'without a word',
      server('listen 80;'),
      { sharesPorts: false, closesBehindAnswers: false, requestMs: 0 },
    ],
    ['no `listen` is one too', server(''), { sharesPorts: false }],
    ['one of two addresses', server('listen 80 reuseport; listen 81;'), { sharesPorts: false }],
    ['any address, in other words', server('listen 80 reuseport; listen *:80;'), { sharesPorts: true }],
    ['a socket is no port', server('listen 80 reuseport; listen unix:/s;'), { sharesPorts: true }],
    ['nothing is kept', server('', 'keepalive_timeout 0;'), { closesBehindAnswers: true, idleMs: 0 }],
    [
      'nothing is kept where all goes',
      server('location / { keepalive_timeout 0; }', ''),
      { closesBehindAnswers: true, idleMs: 0 },
    ],
    [
      'kept in one place',
      server('location / { keepalive_timeout 1s; }', 'keepalive_timeout 0;'),
      {
        closesBehindAnswers: false,
      },
    ],
    [
      'kept for less than it might',
      server('keepalive_timeout 3s;', 'keepalive_min_timeout 9s;'),
      {
        closesBehindAnswers: true,
        idleMs: 3000,
      },
    ],
    ['bytes', 'stream { server { listen 5432 reuseport; proxy_pass db:5432; } }', { passesBytes: true }],
    [
      'UDP',
      'stream { server { listen 53 udp reuseport; proxy_pass dns:53; } }',
      {
        datagrams: true,
        sharesPorts: true,
      },
    ],
    ['QUIC', server('listen 443 ssl reuseport; listen 443 quic reuseport;'), { datagrams: true }],
  ])('%s', (_, text, wanted) => {
    expect(front(text)).toMatchObject(wanted);
  });
});
