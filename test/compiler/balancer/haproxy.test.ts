import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readHaproxy, type HaproxyBackend } from '../../../src/compiler/balancer/haproxy.ts';

function backend(text: string, name = 'app'): HaproxyBackend {
  const found = readHaproxy(text).backends.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no backend ${name}`);
  return found;
}

const NO_TIMEOUTS = {
  client: null,
  'http-request': null,
  'http-keep-alive': null,
  server: null,
  tunnel: null,
  connect: null,
  queue: null,
  check: null,
};

test('the example, as a whole', () => {
  const text = readFileSync(new URL('../../../examples/images/haproxy/haproxy.cfg', import.meta.url), 'utf8');
  const config = readHaproxy(
    text,
    new Map([
      ['ADMIN', '/run/admin.sock'],
      ['LISTEN', '/run/haproxy0.sock'],
    ]),
  );
  expect(config.statsSockets).toEqual([
    { address: { kind: 'unix', path: '/run/admin.sock' }, level: 'admin', exposesListeners: true },
  ]);
  expect(config.binds).toEqual([
    { section: 'requests', address: { kind: 'unix', path: '/run/haproxy0.sock' }, datagrams: false },
  ]);
  expect(config.conditional).toBe(false);
  expect(config.masterWorker).toBe(false);
  expect(config.backends).toHaveLength(1);
  const { servers, ...rest } = config.backends[0] as HaproxyBackend;
  expect(rest).toEqual({
    name: 'app',
    mode: 'http',
    connection: 'server-close',
    redispatch: 1,
    retries: 3,
    retryOn: ['conn-failure'],
    httpReuse: 'safe',
    balance: 'roundrobin',
    consistent: false,
    timeouts: {
      client: 30_000,
      'http-request': 10_000,
      'http-keep-alive': 10_000,
      server: 30_000,
      tunnel: null,
      connect: 2000,
      queue: 5000,
      check: 1000,
    },
    asks: true,
  });
  expect(servers.map(({ name }) => name)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => `app${i}`));
  expect(servers[7]).toEqual({
    name: 'app7',
    count: 1,
    address: { kind: 'unix', path: '/var/lib/haproxy/socks/app7.sock' },
    check: { intervalMs: 500, fastIntervalMs: 100, downIntervalMs: 250, rise: 1, fall: 2 },
    backup: false,
    disabled: false,
    weighs: true,
    maxconn: null,
    isTemplate: false,
    resolvesOnce: false,
  });
});

test('without a word, haproxy does as its manual says', () => {
  expect(backend('backend app\n  server a /a.sock')).toEqual({
    name: 'app',
    mode: 'tcp',
    connection: 'keep-alive',
    redispatch: null,
    retries: 3,
    retryOn: ['conn-failure'],
    httpReuse: 'safe',
    balance: 'roundrobin',
    consistent: false,
    timeouts: NO_TIMEOUTS,
    asks: false,
    servers: [
      {
        name: 'a',
        count: 1,
        address: { kind: 'unix', path: '/a.sock' },
        check: null,
        backup: false,
        disabled: false,
        weighs: true,
        maxconn: null,
        isTemplate: false,
        resolvesOnce: false,
      },
    ],
  });
});

describe('what happens to a connection after its answer', () => {
  const options: Readonly<Record<string, string>> = {
    'keep-alive': '',
    'server-close': 'option http-server-close',
    close: 'option httpclose',
  };
  // Haproxy's manual, 4: the table of both sides.
  test.each([
    ['keep-alive', 'keep-alive', 'keep-alive'],
    ['keep-alive', 'server-close', 'server-close'],
    ['keep-alive', 'close', 'close'],
    ['server-close', 'keep-alive', 'server-close'],
    ['server-close', 'server-close', 'server-close'],
    ['server-close', 'close', 'close'],
    ['close', 'keep-alive', 'close'],
    ['close', 'server-close', 'close'],
  ])('frontend %s, backend %s: %s', (front, back, result) => {
    const text = `
frontend f
  ${options[front]}
  default_backend app
backend app
  ${options[back]}`;
    expect(backend(text).connection).toBe(result);
  });

  test.each<[string, string, string]>([
    ['one frontend of two leaves it open', 'frontend g\n use_backend app if { path /x }', 'keep-alive'],
    ['another frontend leads elsewhere', 'frontend g\n default_backend other', 'server-close'],
    [
      'a name that is made of the request may be this one',
      'frontend g\n use_backend %[hdr(x)]',
      'keep-alive',
    ],
    ['a name that is a variable too', 'frontend g\n default_backend "$B"', 'keep-alive'],
    [
      'a frontend that is disabled does not count',
      'frontend g\n disabled\n default_backend app',
      'server-close',
    ],
    ['a `listen` leads to it', 'listen g\n use_backend app', 'keep-alive'],
  ])('%s', (_, more, result) => {
    const text = `frontend f\n option http-server-close\n default_backend app\nbackend app\n${more}\n`;
    expect(backend(text).connection).toBe(result);
  });

  test.each<[string, string, string]>([
    ['defaults', 'defaults\n option http-server-close\nbackend app', 'server-close'],
    [
      'the backend takes it back',
      'defaults\n option http-server-close\nbackend app\n no option http-server-close',
      'keep-alive',
    ],
    [
      'what does not hold cannot be taken back',
      'defaults\n option http-server-close\nbackend app\n no option httpclose',
      'server-close',
    ],
    ['the last one holds', 'backend app\n option httpclose\n option http-keep-alive', 'keep-alive'],
    [
      'later defaults start anew',
      'defaults\n option httpclose\ndefaults\n mode http\nbackend app',
      'keep-alive',
    ],
    [
      'by name, of another one',
      'defaults a\n option httpclose\ndefaults b from a\ndefaults c\nbackend app from b',
      'close',
    ],
    ['its own section, for `listen`', 'listen app\n option http-server-close', 'server-close'],
  ])('%s', (_, text, result) => {
    expect(backend(text).connection).toBe(result);
  });
});

test.each<[string, number | null]>([
  ['', null],
  ['option redispatch', -1],
  ['option redispatch 2', 2],
  ['option redispatch 0', null],
  ['option redispatch\n no option redispatch', null],
])('redispatch: %j', (line, redispatch) => {
  expect(backend(`backend app\n ${line}`).redispatch).toBe(redispatch);
});

test('retries, what they are for, reuse and times', () => {
  const text = `backend app
  retries 0
  retry-on conn-failure empty-response
  http-reuse never
  timeout server 1m
  timeout connect 1500
  timeout queue 250ms
  timeout tunnel 1h
  timeout server soon`;
  expect(backend(text)).toMatchObject({
    retries: 0,
    retryOn: ['conn-failure', 'empty-response'],
    httpReuse: 'never',
    timeouts: { ...NO_TIMEOUTS, server: 60_000, tunnel: 3_600_000, connect: 1500, queue: 250 },
  });
});

describe('servers', () => {
  const server = (line: string) => backend(`backend app\n${line}`).servers[0];
  test.each<[string, unknown]>([
    ['server a unix@/s/a.sock', { kind: 'unix', path: '/s/a.sock' }],
    ['server a /s/a.sock', { kind: 'unix', path: '/s/a.sock' }],
    ['server a abns@x', { kind: 'other', text: 'abns@x' }],
    ['server a fd@3', { kind: 'other', text: 'fd@3' }],
    ['server a app0:3000', { kind: 'tcp', host: 'app0', port: 3000 }],
    ['server a ipv4@app0:3000', { kind: 'tcp', host: 'app0', port: 3000 }],
    ['server a [::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['server a ::1:80', { kind: 'tcp', host: '::1', port: 80 }],
    ['server a app0', { kind: 'tcp', host: 'app0', port: null }],
    ['server a app0:+1', { kind: 'tcp', host: 'app0', port: null }],
  ])('%s', (line, address) => {
    expect(server(line)?.address).toEqual(address);
  });

  test.each<[string, boolean]>([
    ['server a app0:80', true],
    ['server a app0:80 resolvers docker', false],
    ['default-server resolvers docker\nserver a app0:80', false],
    ['server a app0:80\ndefault-server resolvers docker', true],
    ['server a 10.0.0.1:80', false],
    ['server a [fe80::1]:80', false],
    ['server a /a.sock', false],
  ])('looked up once: %j', (line, once) => {
    expect(server(line)?.resolvesOnce).toBe(once);
  });

  test('what `default-server` says holds for the lines behind it', () => {
    const { servers } = backend(`backend app
  default-server inter 1s fall 5
  server a /a check
  default-server check maxconn 9
  server b /b rise 1 fastinter 100
  server c /c no-check backup disabled maxconn 0
  server d`);
    expect(servers.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(servers[0]?.check).toEqual({
      intervalMs: 1000,
      fastIntervalMs: 1000,
      downIntervalMs: 1000,
      rise: 2,
      fall: 5,
    });
    expect(servers[1]).toMatchObject({ maxconn: 9, check: { fastIntervalMs: 100, rise: 1, fall: 5 } });
    expect(servers[2]).toMatchObject({ check: null, backup: true, disabled: true, maxconn: null });
  });

  test('a value is not taken for a keyword', () => {
    expect(server('server a /a cookie check weight 5')?.check).toBeNull();
  });

  test.each([
    ['3', 3],
    ['2-5', 4],
    ['x', 1],
  ])('a template of %s makes %i', (range, count) => {
    expect(server(`server-template app ${range} app:3000 resolvers docker check`)).toMatchObject({
      name: 'app',
      count,
      address: { kind: 'tcp', host: 'app', port: 3000 },
      isTemplate: true,
      resolvesOnce: false,
    });
  });
});

test('sections of other kinds have lines that look alike', () => {
  const text = `peers p
  server a /a.sock
  bind :1
resolvers docker
  timeout server 5s
backend app
  disabled
cache c
  server b /b.sock
backend left`;
  const { backends, binds } = readHaproxy(text);
  expect(backends.map(({ name, servers }) => [name, servers.length])).toEqual([['left', 0]]);
  expect(binds).toEqual([]);
});

test('where it listens, and what the global section says', () => {
  const { binds, statsSockets, masterWorker, conditional } = readHaproxy(`global
  master-worker
  unix-bind prefix /run/ mode 660
  setenv PORT 8080
  presetenv PORT 1
  stats socket /a\\ b.sock
  stats socket ipv4@127.0.0.1:9999 level admin expose-fd listeners
.if feature(OPENSSL)
frontend f
  bind "*:\${PORT}",f.sock,unix@s.sock mode 666
  bind :80-90
.endif`);
  expect(binds.map(({ address }) => address)).toEqual([
    { kind: 'tcp', host: '*', port: 8080 },
    { kind: 'tcp', host: 'f.sock', port: null },
    { kind: 'unix', path: '/run/s.sock' },
    { kind: 'tcp', host: '', port: null },
  ]);
  expect(statsSockets).toEqual([
    { address: { kind: 'unix', path: '/a b.sock' }, level: 'operator', exposesListeners: false },
    { address: { kind: 'tcp', host: '127.0.0.1', port: 9999 }, level: 'admin', exposesListeners: true },
  ]);
  expect([masterWorker, conditional]).toEqual([true, true]);
});

const word = fc.constantFrom(
  ...'global defaults frontend listen backend peers from bind server server-template default-server option no'.split(
    ' ',
  ),
  ...'http-server-close redispatch retries timeout mode disabled use_backend stats socket prefix "$A" ${A} \\'.split(
    ' ',
  ),
  ...'check inter 3 1-9 a /a.sock unix@ "x \' # __proto__ constructor \n \n \n'.split(/ (?=\S)/),
);

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: word }, fc.string())), (words) => {
      readHaproxy(words.join(' '), new Map([['A', 'b']]));
      readHaproxy(words.join(''));
    }),
    { numRuns: 1000 },
  );
});
