import { describe, expect, test } from 'vitest';

import type { BalancerText } from '../../../src/compiler/balancer/running.ts';
import { tellersIn, type Listing } from '../../../src/compiler/balancer/tellers.ts';
import type { ObservedContainer } from '../../../src/compiler/observed/observed-state.ts';
import { desiredState, settled } from '../../support/desired.ts';

const read = (text: string): BalancerText => ({
  kind: 'read',
  main: ['/haproxy.cfg'],
  files: new Map([['/haproxy.cfg', text]]),
});

const SOCKET = 'stats socket unix@/admin/run/haproxy.sock mode 600 level admin';
const SERVERS = 'backend app\n  server zero app0:3000 check\n  server one app1:3000 check';

const mount = (type: 'volume' | 'bind', target: string) => ({
  type,
  source: type === 'volume' ? 'shop-admin' : '/srv/admin',
  target,
  readOnly: false,
  noCopy: true,
  relabel: null,
  dataVolume: type === 'volume' ? 'admin' : null,
});

/** What haproxys with these configurations make of `app0`, which they reach by a link and the engine's names. */
function listing(
  text: BalancerText,
  change: Partial<ObservedContainer> = {},
  how: { readonly instances?: number; readonly mounts?: readonly ReturnType<typeof mount>[] } = {},
): Listing {
  const { instances = 1, mounts = [mount('volume', '/admin')] } = how;
  const observed = settled(
    desiredState([
      { name: 'app', instances: 2 },
      {
        name: 'haproxy',
        instances,
        spec: {
          links: [
            { alias: 'app0', target: 'shop-app0' },
            { alias: 'app1', target: 'shop-app1' },
          ],
          mounts,
        },
      },
    ]),
  );
  const containers = observed.containers.map((seen) =>
    seen.container === 'haproxy' ? { ...seen, ...change } : seen,
  );
  const balancers = new Map(containers.map(({ id }) => [id, text]));
  const find = tellersIn({ ...observed, containers, balancers });
  return find({ engineName: 'shop-app0', instance: 'app0', aliases: ['0123456789ab'] });
}

const globally = (socket: string, servers = SERVERS) => read(`global\n  ${socket}\n${servers}\n`);

describe('a haproxy that can be told', () => {
  test('has its runtime socket in a volume, and lists the instance by a name', () => {
    expect(listing(globally(SOCKET))).toEqual({
      tellers: [
        {
          balancer: 'haproxy0',
          id: 'id-haproxy0-1',
          socket: { volume: 'shop-admin', path: 'run', name: 'haproxy.sock' },
          servers: ['app/zero'],
          ports: [3000],
        },
      ],
      silent: [],
    });
  });

  test.each([
    ['every backend that lists it', `${SERVERS}\nlisten api\n  server a app0:4000`, ['app/zero', 'api/a']],
    ['the name on the engine', 'backend app\n  server a shop-app0:3000', ['app/a']],
    ['an alias', 'backend app\n  server a 0123456789ab:3000', ['app/a']],
    ['one that is disabled in the file', 'backend app\n  server a app0:3000 disabled', ['app/a']],
    ['one that DNS leads too', 'backend app\n  server a app0:3000 resolvers docker', ['app/a']],
  ])('%s', (_, servers, names) => {
    expect(listing(globally(SOCKET, servers)).tellers[0]?.servers).toEqual(names);
  });

  test('the first socket that can be reached counts, and the deepest mount', () => {
    const sockets = `stats socket /run/a.sock level admin\n  ${SOCKET}`;
    const mounts = [mount('bind', '/admin'), mount('volume', '/admin/run')];
    expect(listing(globally(sockets), {}, { mounts }).tellers[0]?.socket).toEqual({
      volume: 'shop-admin',
      path: '',
      name: 'haproxy.sock',
    });
  });
});

describe('a haproxy that cannot be told says why', () => {
  test.each([
    ['maxconn 10', 'has no `stats socket`'],
    ['stats socket /admin/a.sock', 'has a `stats socket` of level `operator` only'],
    ['stats socket /admin/a.sock level user', 'has a `stats socket` of level `user` only'],
    ['stats socket ipv4@127.0.0.1:9 level admin', 'has no `stats socket` at a path'],
    ['stats socket /run/a.sock level admin', 'has its `stats socket` at /run/a.sock, in no volume'],
  ])('%s', (socket, why) => {
    expect(listing(globally(socket))).toEqual({
      tellers: [],
      silent: [{ balancer: 'haproxy0', id: 'id-haproxy0-1', why }],
    });
  });

  test('in a folder of the host', () => {
    const { silent } = listing(globally(SOCKET), {}, { mounts: [mount('bind', '/admin')] });
    expect(silent[0]?.why).toBe('has its `stats socket` at /admin/run/haproxy.sock, in no volume');
  });

  test('two of them with one socket', () => {
    const { tellers, silent } = listing(globally(SOCKET), {}, { instances: 2 });
    expect(tellers).toEqual([]);
    expect(silent.map(({ why }) => why)).toEqual([
      'shares its `stats socket` with another haproxy',
      'shares its `stats socket` with another haproxy',
    ]);
  });

  test('a template', () => {
    const { silent } = listing(globally(SOCKET, 'backend app\n  server-template a 1 app0:3000'));
    expect(silent[0]?.why).toBe('lists it in a `server-template`');
  });

  test('another network', () => {
    const { silent } = listing(globally(SOCKET), { networks: { other: [] } });
    expect(silent[0]?.why).toBe('is not on the network of its application');
  });
});

test.each([
  ['lists others', globally(SOCKET, 'backend app\n  server one app1:3000'), {}],
  ['lists addresses', globally(SOCKET, 'backend app\n  server one 10.0.0.2:3000'), {}],
  ['lists sockets', globally(SOCKET, 'backend app\n  server one /run/app0.sock'), {}],
  ['could not be read', { kind: 'unread', why: 'too late' } as const, {}],
  ['does not run', globally(SOCKET), { state: 'exited' } as const],
  ['is no haproxy', globally(SOCKET), { command: ['nginx'] }],
])('nobody is told where the balancer %s', (_, text, change) => {
  expect(listing(text, change)).toEqual({ tellers: [], silent: [] });
});
