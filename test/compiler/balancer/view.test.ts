import { describe, expect, test } from 'vitest';

import { readHaproxy } from '../../../src/compiler/balancer/haproxy.ts';
import { readNginx } from '../../../src/compiler/balancer/nginx.ts';
import {
  haproxyView,
  nginxView,
  type BalancerView,
  type InstanceAddress,
} from '../../../src/compiler/balancer/view.ts';

const APP0: InstanceAddress = { sockets: ['/s/app0.sock'], names: ['app0', 'shop-app0'], ports: [3000] };

describe('haproxy', () => {
  const view = (text: string) => haproxyView(readHaproxy(text), APP0);

  test('as the manual recommends it for sockets that are replaced', () => {
    const text = `defaults
  mode http
  option http-server-close
  option redispatch 1
  timeout server 30s
backend app
  default-server check inter 500ms fastinter 100ms downinter 250ms fall 2 rise 3
  server app0 /s/app0.sock
  server app1 /s/app1.sock
  server app2 /s/app2.sock disabled
  server-template t 2 other:80`;
    expect(view(text)).toEqual({
      mode: 'http',
      keepsConnections: false,
      triesAnother: true,
      picksSame: false,
      sureWithout: 1,
      likelyWithout: 3,
      ports: [],
      resolvesOnce: false,
      serverTimeoutMs: 30_000,
      silenceMs: 30_000,
      upgrades: false,
      downAfterMs: 600,
      upAfterMs: 450,
      rise: 3,
      silentAfterMs: null,
      others: 3,
    } satisfies BalancerView);
  });

  test.each<[string, number | null]>([
    ['server app0 /s/app0.sock check', null],
    ['option httpchk\n server app0 /s/app0.sock', null],
    ['option httpchk\n server app0 /s/app0.sock check inter 1s fall 3', 5000],
    [
      'option httpchk\n timeout check 2s\n server app0 /s/app0.sock check inter 1s fastinter 100ms fall 2',
      4100,
    ],
  ])('one that accepts and says nothing, `%s`: taken for down after %s ms', (lines, silentAfterMs) => {
    expect(view(`backend app\n ${lines}`)).toMatchObject({ silentAfterMs });
  });

  test.each<[string, string]>([
    ['another path', 'server a /s/app00.sock'],
    ['another port', 'server a app0:3001'],
    ['it is disabled', 'server a app0:3000 disabled'],
    ['an abstract socket', 'server a abns@app0'],
  ])('does not list it: %s', (_, line) => {
    expect(view(`backend app\n${line}`)).toBeNull();
  });

  const both = 'server a app0:3000\nserver b /b';
  test.each<[string, string, Partial<BalancerView>]>([
    ['no port is the client’s own', 'server a app0\nserver b /b', { resolvesOnce: true, others: 1 }],
    ['nobody checks', both, { downAfterMs: null, upAfterMs: 0, triesAnother: false, serverTimeoutMs: null }],
    ['on the last try', `option redispatch\n${both}`, { triesAnother: true }],
    ['not with retries 0', `option redispatch\nretries 0\n${both}`, { triesAnother: false }],
    ['not within two retries', `option redispatch 3\nretries 2\n${both}`, { triesAnother: false }],
    ['not after a failed connect', `option redispatch 1\nretry-on 503\n${both}`, { triesAnother: false }],
    ['with nobody else', 'option redispatch 1\nserver a app0:3000', { triesAnother: false, others: 0 }],
    [
      'a backup is nobody else',
      'option redispatch 1\nserver a app0:3000\nserver b /b backup',
      { triesAnother: false },
    ],
    ['requests', `mode http\n${both}`, { mode: 'http', keepsConnections: true }],
    ['bytes', both, { mode: 'tcp', keepsConnections: false }],
  ])('%s', (_, lines, expected) => {
    expect(view(`backend app\n${lines}`)).toMatchObject(expected);
  });

  // Each was tried on haproxy 2.6 with two threads: 64 clients, four servers, one or two of them gone.
  const four = 'server app0 /s/app0.sock\nserver b /b\nserver c /c\nserver d /d';
  test.each<[string, Partial<BalancerView>]>([
    ['', { sureWithout: 1, likelyWithout: 3 }],
    ['balance roundrobin\nretries 2', { sureWithout: 1, likelyWithout: 2 }],
    ['balance static-rr', { sureWithout: 1, likelyWithout: 3 }],
    ['balance leastconn', { sureWithout: 1, likelyWithout: 1 }],
    ['balance random(2)', { sureWithout: 1, likelyWithout: 1 }],
    ['balance first', { sureWithout: 1, likelyWithout: 1 }],
    ['balance uri whole\nhash-type consistent', { sureWithout: 1, likelyWithout: 1, picksSame: false }],
    ['balance uri whole', { sureWithout: 0, likelyWithout: 0, triesAnother: false, picksSame: true }],
    ['balance hdr(Host)\nhash-type map-based', { triesAnother: false, picksSame: true }],
    ['retries 0', { sureWithout: 0, likelyWithout: 0 }],
    ['default-server weight 0', { others: 0, triesAnother: false }],
    ['default-server observe layer4 error-limit 1 on-error mark-down', { others: 3, triesAnother: true }],
  ])('of four that may be gone, `%s`', (lines, expected) => {
    expect(view(`backend app\noption redispatch 1\n${lines}\n${four}`)).toMatchObject(expected);
  });

  test('the algorithm of `defaults` holds for its backends', () => {
    const text = `defaults\noption redispatch 1\nbalance leastconn\nbackend app\n${four}`;
    expect(view(text)).toMatchObject({ sureWithout: 1, likelyWithout: 1 });
  });

  test.each<[string, number | null, boolean]>([
    ['mode http\ntimeout server 30s\ntimeout tunnel 1h', 30_000, true],
    ['mode http\ntimeout server 30s', 30_000, false],
    ['mode tcp\ntimeout server 30s\ntimeout tunnel 1h', 3_600_000, false],
    ['mode tcp\ntimeout server 30s\ntimeout tunnel 5s', 30_000, false],
    ['mode tcp\ntimeout tunnel 1h', null, false],
  ])('how long a server may be silent, `%s`', (lines, silenceMs, upgrades) => {
    expect(view(`backend app\n${lines}\n${four}`)).toMatchObject({
      silenceMs,
      upgrades,
      serverTimeoutMs: lines.includes('server') ? 30_000 : null,
    });
  });

  test('listed twice, the worse of both', () => {
    const text = `backend a
  mode http
  option httpclose
  option redispatch 1
  timeout server 5s
  server a /s/app0.sock check
  server b /b
backend b
  mode tcp
  timeout server 9s
  server a app0:3000`;
    expect(view(text)).toEqual({
      mode: 'tcp',
      keepsConnections: false,
      triesAnother: false,
      picksSame: false,
      sureWithout: 0,
      likelyWithout: 0,
      ports: [3000],
      resolvesOnce: true,
      serverTimeoutMs: 9000,
      silenceMs: 9000,
      upgrades: false,
      downAfterMs: null,
      rise: 2,
      silentAfterMs: null,
      upAfterMs: 4000,
      others: 0,
    } satisfies BalancerView);
  });
});

describe('nginx', () => {
  const view = (text: string) => nginxView(readNginx(new Map([['/etc/nginx/nginx.conf', text]])), APP0);
  const http = (upstream: string, location: string) =>
    `http { upstream up { ${upstream} } server { location / { ${location} } } }`;

  test('two sockets', () => {
    const text = http('server unix:/s/app0.sock; server unix:/b max_fails=0;', 'proxy_pass http://up;');
    expect(view(text)).toEqual({
      mode: 'http',
      keepsConnections: false,
      triesAnother: true,
      picksSame: false,
      sureWithout: null,
      likelyWithout: null,
      ports: [],
      resolvesOnce: false,
      serverTimeoutMs: 60_000,
      silenceMs: 60_000,
      upgrades: false,
      downAfterMs: null,
      rise: 0,
      silentAfterMs: null,
      upAfterMs: 10_000,
      others: 1,
    } satisfies BalancerView);
  });

  const upgrade = 'proxy_pass http://up; proxy_set_header Upgrade $http_upgrade; proxy_read_timeout';
  test.each<[string, Partial<BalancerView>]>([
    [`${upgrade} 1h;`, { upgrades: true, silenceMs: 60_000, serverTimeoutMs: 3_600_000 }],
    [`${upgrade} 5s;`, { upgrades: true, silenceMs: 5000 }],
    ['proxy_pass http://up; proxy_read_timeout 1h;', { upgrades: false, silenceMs: 3_600_000 }],
  ])('how long a server may be silent, `%s`', (location, expected) => {
    expect(view(http('server unix:/s/app0.sock;', location))).toMatchObject(expected);
  });

  const two = 'server app0:3000 max_fails=0; server unix:/b;';
  test.each<[string, string, Partial<BalancerView> | null]>([
    ['nobody passes to it', http(two, ''), null],
    ['it is down', http('server app0:3000 down;', 'proxy_pass http://up;'), null],
    ['another upstream', http(two, 'proxy_pass http://other;'), null],
    ['directly, by name', http('', 'proxy_pass http://app0:3000/x;'), { resolvesOnce: true, others: 0 }],
    ['directly, by socket', http('', 'fastcgi_pass unix:/s/app0.sock;'), { upAfterMs: 0 }],
    ['perhaps', http(two, 'proxy_pass http://$host;'), { resolvesOnce: true, others: 1 }],
    ['never counts as down', http(two, 'proxy_pass http://up;'), { upAfterMs: 0, triesAnother: true }],
    ['alone', http('server app0:3000;', 'proxy_pass http://up;'), { upAfterMs: 0, triesAnother: false }],
    ['off', http(two, 'proxy_next_upstream off; proxy_pass http://up;'), { triesAnother: false }],
    ['no error', http(two, 'proxy_next_upstream timeout; proxy_pass http://up;'), { triesAnother: false }],
    [
      'two tries',
      http(`${two} server unix:/c;`, 'proxy_next_upstream_tries 2; proxy_pass http://up;'),
      { triesAnother: true, sureWithout: 1, likelyWithout: null, ports: [3000] },
    ],
    ['one try', http(two, 'proxy_next_upstream_tries 1; proxy_pass http://up;'), { triesAnother: false }],
    [
      'bytes',
      'stream { upstream up { server app0:3000; server b:1; } server { listen 1; proxy_pass up; } }',
      { mode: 'tcp', triesAnother: true, serverTimeoutMs: 600_000 },
    ],
    [
      'bytes, one try',
      'stream { upstream up { server app0:3000; server b:1; } server { proxy_next_upstream off; proxy_pass up; } }',
      { triesAnother: false },
    ],
  ])('%s', (_, text, expected) => {
    if (expected === null) expect(view(text)).toBeNull();
    else expect(view(text)).toMatchObject(expected);
  });
});
