import { readFileSync } from 'node:fs';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readNginx, type NginxConfig, type NginxPass } from '../../../src/compiler/balancer/nginx.ts';

const MAIN = '/etc/nginx/nginx.conf';

function read(text: string, version: string | null = null): NginxConfig {
  return readNginx(new Map([[MAIN, text]]), { version });
}

function pass(text: string, version: string | null = null): NginxPass | undefined {
  return read(text, version).passes[0];
}

test('the example, as a whole', () => {
  const text = readFileSync(new URL('../../../examples/images/nginx/nginx.conf', import.meta.url), 'utf8');
  expect(read(text, '1.22.1')).toEqual({
    upstreams: [
      {
        name: 'balancer',
        servers: [
          {
            address: { kind: 'unix', path: '/var/lib/haproxy/socks/haproxy0.sock' },
            maxFails: 0,
            failTimeoutMs: 10_000,
            backup: false,
            down: false,
            resolvesOnce: false,
          },
        ],
        keepalive: 0,
        zone: false,
      },
    ],
    passes: [
      {
        family: 'proxy',
        layer: 'http',
        target: { kind: 'upstream', name: 'balancer' },
        nextUpstream: ['error', 'timeout'],
        tries: 0,
        readTimeoutMs: 60_000,
        upgrades: false,
        keepsConnections: false,
        resolvesOnce: false,
      },
    ],
    listens: [{ address: { kind: 'tcp', host: '*', port: 80 }, reuseport: false, datagrams: false }],
    kept: [0, 1].map(() => ({ timeoutMs: 15_000, minMs: 0 })),
    passesBytes: false,
    shutdownMs: null,
    unread: ['/etc/nginx/mime.types'],
  });
});

test('the servers of an upstream', () => {
  const { upstreams } = read(`http { upstream app {
    zone app 64k;
    server unix:/a.sock max_fails=0 backup;
    server app0:3000 fail_timeout=1m30s down;
    server app1 resolve;
    server 10.0.0.1;
    server [::1]:81 max_fails=2;
    keepalive 16;
  } }`);
  expect(upstreams).toHaveLength(1);
  expect(upstreams[0]).toMatchObject({ name: 'app', keepalive: 16, zone: true });
  const plain = { maxFails: 1, failTimeoutMs: 10_000, backup: false, down: false, resolvesOnce: false };
  expect(upstreams[0]?.servers).toEqual([
    { ...plain, address: { kind: 'unix', path: '/a.sock' }, maxFails: 0, backup: true },
    {
      ...plain,
      address: { kind: 'tcp', host: 'app0', port: 3000 },
      failTimeoutMs: 90_000,
      down: true,
      resolvesOnce: true,
    },
    { ...plain, address: { kind: 'tcp', host: 'app1', port: 80 } },
    { ...plain, address: { kind: 'tcp', host: '10.0.0.1', port: 80 } },
    { ...plain, address: { kind: 'tcp', host: '::1', port: 81 }, maxFails: 2 },
  ]);
});

describe('targets', () => {
  const unix = (path: string) => ({ kind: 'address', address: { kind: 'unix', path } });
  const tcp = (host: string, port: number) => ({ kind: 'address', address: { kind: 'tcp', host, port } });
  test.each<[string, unknown, boolean]>([
    ['proxy_pass http://unix:/a.sock', unix('/a.sock'), false],
    ['proxy_pass http://unix:/a.sock:/uri', unix('/a.sock'), false],
    ['proxy_pass http://api:3000/x', tcp('api', 3000), true],
    ['proxy_pass https://api', tcp('api', 443), true],
    ['proxy_pass http://10.1.2.3', tcp('10.1.2.3', 80), false],
    ['proxy_pass http://[::1]:8080', tcp('::1', 8080), false],
    ['proxy_pass http://up', { kind: 'upstream', name: 'up' }, false],
    ['proxy_pass http://$host', { kind: 'variable', text: 'http://$host' }, false],
    ['set $t api; proxy_pass http://$t:3000', tcp('api', 3000), false],
    ['set $t "http://${u}"; set $u up; proxy_pass http://${u}', { kind: 'upstream', name: 'up' }, false],
    ['fastcgi_pass unix:/php.sock', unix('/php.sock'), false],
    ['fastcgi_pass php:9000', tcp('php', 9000), true],
    ['uwsgi_pass up', { kind: 'upstream', name: 'up' }, false],
    ['grpc_pass grpc://up', { kind: 'upstream', name: 'up' }, false],
  ])('%s', (line, target, once) => {
    const found = pass(`http { server { location / { ${line}; } } upstream up { server unix:/u; } }`);
    expect(found?.resolvesOnce).toBe(once);
    expect(found?.target).toEqual(target);
  });
});

describe('whether connections to servers are kept', () => {
  const ON = 'proxy_http_version 1.1; proxy_set_header Connection "";';
  const MAP = `map $http_upgrade $c { default upgrade; '' close; }`;
  const text = (upstream: string, http: string, server: string, location: string) =>
    `http { ${http} upstream up { server unix:/u; ${upstream} } server { ${server} location / { ${location} proxy_pass http://up; } } }`;
  test.each<[string, string, string | null, boolean]>([
    ['nothing is written', text('', '', '', ''), null, false],
    ['nothing is written, 1.29.6', text('', '', '', ''), '1.29.6', false],
    ['nothing is written, 1.29.7', text('', '', '', ''), '1.29.7', true],
    ['nothing is written, 1.30', text('', '', '', ''), '1.30', true],
    ['1.30 told not to', text('keepalive 0;', '', '', ''), '1.30.1', false],
    ['1.30 told to close', text('', '', '', 'proxy_set_header Connection close;'), '1.30.1', false],
    ['1.30 with HTTP/1.0', text('', '', '', 'proxy_http_version 1.0;'), '1.30.1', false],
    ['all three words', text('keepalive 4;', '', '', ON), null, true],
    ['inherited from the http block', text('keepalive 4;', ON, '', ''), null, true],
    ['no keepalive in the upstream', text('', ON, '', ''), null, false],
    ['HTTP/1.0', text('keepalive 4;', '', '', 'proxy_set_header Connection "";'), null, false],
    [
      'HTTP/1.0 that asks for it',
      text('keepalive 4;', '', '', 'proxy_set_header Connection Keep-Alive;'),
      null,
      true,
    ],
    ['nobody clears `Connection`', text('keepalive 4;', 'proxy_http_version 1.1;', '', ''), null, false],
    [
      'a block with headers of its own inherits none',
      text('keepalive 4;', ON, '', 'proxy_set_header Host $host;'),
      null,
      false,
    ],
    [
      'the usual map for web sockets closes the others',
      text('keepalive 4;', MAP, 'proxy_http_version 1.1;', 'proxy_set_header Connection $c;'),
      null,
      false,
    ],
    [
      'a variable that nothing explains',
      text('keepalive 4;', '', 'proxy_http_version 1.1;', 'proxy_set_header Connection $c;'),
      null,
      true,
    ],
  ])('%s', (_, config, version, keeps) => {
    expect(pass(config, version)?.keepsConnections).toBe(keeps);
  });

  test.each<[string, boolean]>([
    ['fastcgi_pass up; fastcgi_keep_conn on;', true],
    ['fastcgi_pass up;', false],
    ['uwsgi_pass up;', false],
    ['grpc_pass grpc://up;', true],
  ])('%s', (line, keeps) => {
    const config = `http { upstream up { server unix:/u; keepalive 2; } server { location / { ${line} } } }`;
    expect(pass(config)?.keepsConnections).toBe(keeps);
  });
});

test('what is inherited, and what a block says itself', () => {
  const { passes } = read(`http {
    proxy_next_upstream off; proxy_read_timeout 5s; proxy_next_upstream_tries 2;
    fastcgi_read_timeout 1m;
    server {
      location /a { proxy_pass http://a; }
      location /b { proxy_next_upstream error http_502; proxy_read_timeout 100ms; proxy_pass http://b;
        if ($x) { proxy_pass http://c; } }
      location /d { fastcgi_pass d:9000; }
    }
  }
  stream { server { listen 5432; proxy_timeout 1h; proxy_pass db:5432; } }`);
  expect(
    passes.map(({ nextUpstream, tries, readTimeoutMs, layer }) => [
      nextUpstream.join(),
      tries,
      readTimeoutMs,
      layer,
    ]),
  ).toEqual([
    ['off', 2, 5000, 'http'],
    ['error,http_502', 2, 100, 'http'],
    ['error,http_502', 2, 100, 'http'],
    ['error,timeout', 0, 60_000, 'http'],
    ['error,timeout', 0, 3_600_000, 'stream'],
  ]);
});

test('where it listens', () => {
  const { listens } = read(`http {
    server { listen 8080 reuseport; listen [::]:80 default_server; listen unix:/n.sock; listen 127.0.0.1; }
    server { server_name x; }
  }`);
  expect(listens).toEqual([
    { address: { kind: 'tcp', host: '*', port: 8080 }, reuseport: true, datagrams: false },
    { address: { kind: 'tcp', host: '::', port: 80 }, reuseport: false, datagrams: false },
    { address: { kind: 'unix', path: '/n.sock' }, reuseport: false, datagrams: false },
    { address: { kind: 'tcp', host: '127.0.0.1', port: 80 }, reuseport: false, datagrams: false },
    { address: { kind: 'tcp', host: '*', port: 80 }, reuseport: false, datagrams: false },
  ]);
});

describe('includes', () => {
  const server = (port: number) => `server { listen ${port}; }`;
  const files = new Map([
    [
      MAIN,
      'http { include conf.d/*.conf; include ./sites/[a-b]; include /opt/x?.conf; include gone.conf; include none/*; }',
    ],
    ['/etc/nginx/conf.d/b.conf', server(2)],
    ['/etc/nginx/conf.d/a.conf', `include more.inc; ${server(1)}`],
    ['/etc/nginx/conf.d/.hidden.conf', server(9)],
    ['/etc/nginx/conf.d/deep/c.conf', server(9)],
    ['/etc/nginx/conf.d/c.conf~', server(9)],
    ['/etc/nginx/more.inc', server(0)],
    ['/etc/nginx/sites/b', server(3)],
    ['/etc/nginx/sites/c', server(9)],
    ['/opt/x1.conf', server(4)],
  ]);
  test('are read in the place and order in which nginx reads them', () => {
    const { listens, unread } = readNginx(files);
    expect(listens.map(({ address }) => (address.kind === 'tcp' ? address.port : null))).toEqual([
      0, 1, 2, 3, 4,
    ]);
    expect(unread).toEqual(['/etc/nginx/gone.conf']);
  });

  test('a file that includes itself is read once, and many that include each other come to an end', () => {
    const rings = new Map([[MAIN, 'include nginx.conf; http { include a; }']]);
    for (const name of 'abcdefghij') rings.set(`/etc/nginx/${name}`, `${server(1)} include ?; include ?;`);
    expect(readNginx(rings).listens.length).toBeGreaterThan(10);
  });

  test('paths are relative to the main file, wherever it is', () => {
    const moved = new Map([
      ['/srv/n.conf', 'http { include s; }'],
      ['/srv/s', server(7)],
    ]);
    expect(readNginx(moved, { path: '/srv/n.conf' }).listens).toHaveLength(1);
  });
});

test('comments, quotes and other languages', () => {
  const { listens } = read(`http {
    # server { listen 1; }
    log_format x '$a # "{" ' "}" ; server_names a#b;
    content_by_lua_block { if a then b = { c } end server { listen 2; } }
    server { location ~ "^/a{2}" { return 200 "a\\"}"; } listen 3; location ~ \${x}y { } }
  }`);
  expect(listens.map(({ address }) => (address.kind === 'tcp' ? address.port : null))).toEqual([3]);
});

const word = fc.constantFrom(
  ...'http server upstream location stream map set include listen proxy_pass fastcgi_pass keepalive'.split(
    ' ',
  ),
  ...'proxy_set_header Connection $a ${a} http://$a unix:/a http:// { { { } } ; ; ; # " \' \\ \n * ? [z-a] [ ]'.split(
    ' ',
  ),
  ...'__proto__ constructor a 1 x_by_lua_block nginx.conf'.split(' '),
);

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: word }, fc.string())), (words) => {
      read(words.join(' '));
      readNginx(
        new Map([
          [MAIN, words.join('')],
          ['/etc/nginx/a', words.join(' ')],
        ]),
        { version: words[0] ?? '' },
      );
    }),
    { numRuns: 1000 },
  );
  expect(() => read('a{'.repeat(200_000))).not.toThrow();
});
