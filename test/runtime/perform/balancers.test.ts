import { describe, expect, test } from 'vitest';

import type { Operation } from '../../../src/compiler/plan/operation.ts';
import { labels } from '../../../src/compiler/labels.ts';
import type { ContainerSummary } from '../../../src/runtime/engine.ts';
import type { PointRequest, TellResult } from '../../../src/runtime/agent/agent-session.ts';
import {
  leaveBalancer,
  pointBalancer,
  type BalancerContext,
} from '../../../src/runtime/perform/balancers.ts';
import { agentSession } from '../../support/agent-session.ts';

const where = {
  balancer: 'haproxy0',
  volume: 'shop-admin',
  path: 'run',
  name: 'admin.sock',
  servers: ['app/app0'],
} as const;
const target = { kind: 'existing', id: 'abc', generation: 2 } as const;
const point = {
  kind: 'balancer.point',
  ...where,
  target,
  ready: true,
  limitS: 30,
} as const satisfies Operation;
const leave = { kind: 'balancer.leave', ...where, state: 'maint' } as const satisfies Operation;
const FINE: TellResult = { missing: [], unresolved: [], down: [], ms: 3 };

const ROW: Omit<ContainerSummary, 'state' | 'status' | 'labels'> = {
  id: 'h0',
  name: 'shop-haproxy0',
  image: 'haproxy:1',
  imageId: 'sha256:1',
  networks: [],
  ports: [],
  writes: [],
  createdS: 0,
};

/** Asks this agent, beside a haproxy that is in this state. */
function beside(
  session: ReturnType<typeof agentSession>,
  state: ContainerSummary['state'] = 'running',
  status = 'Up 3 days',
): BalancerContext {
  const own = { [labels.instance]: 'haproxy0' };
  const engine = { listContainers: async () => [{ ...ROW, state, status, labels: own }] };
  return { stack: 'shop', engine, ask: (ask) => ask(session) };
}

async function pointed(result: TellResult) {
  const asked: PointRequest[] = [];
  const session = agentSession({
    point: async (request) => {
      asked.push(request);
      return result;
    },
  });
  const note = await pointBalancer(point, beside(session), '0123456789abcdef');
  return { note, asked };
}

describe('telling a haproxy where an instance is', () => {
  test('asks the agent for its runtime socket, by the container\u2019s name on the network', async () => {
    const { note, asked } = await pointed(FINE);
    expect(note).toBeNull();
    expect(asked).toEqual([
      {
        socket: '/stackc/v/shop-admin/run/admin.sock',
        servers: ['app/app0'],
        host: '0123456789ab',
        ready: true,
        timeoutMs: 30_000,
      },
    ]);
  });

  test.each([
    [
      { ...FINE, missing: ['app/app0'] },
      'warning: `haproxy0` has no `app/app0`: it runs with another configuration than its file has by now',
    ],
    [
      { ...FINE, unresolved: ['app/app0'] },
      'warning: `haproxy0` found no address for `app/app0` at its start, and takes none now: reload it',
    ],
  ])('%j', async (result, words) => {
    expect((await pointed(result)).note).toBe(words);
  });

  test('fails where it does not count on it', async () => {
    await expect(pointed({ ...FINE, down: ['app/app0'], ms: 30_000 })).rejects.toThrow(
      '`haproxy0` does not count on `app/app0` after 30 s',
    );
  });
});

test('taking an instance out of a haproxy', async () => {
  const session = agentSession({
    leave: async ({ state }) => ({ ...FINE, missing: state === 'maint' ? ['app/app0'] : [] }),
  });
  expect(await leaveBalancer(leave, beside(session))).toMatch(/^warning: `haproxy0` has no `app\/app0`/);
  expect(await leaveBalancer({ ...leave, state: 'drain' }, beside(session))).toBeNull();
});

describe('a haproxy that nobody reaches', () => {
  const refuse = async (): Promise<never> => {
    throw new Error('the agent: haproxy at `/admin.sock`: ECONNREFUSED');
  };
  const session = agentSession({ point: refuse, leave: refuse });

  test.each([
    ['restarting', 'Restarting (1) 3 seconds ago'],
    ['exited', 'Exited (1) 2 hours ago'],
    ['running', 'Up Less than a second'],
    ['running', 'Up 38 seconds (health: starting)'],
    ['running', 'Up About a minute'],
  ] as const)(
    'is told nothing where it is %s, %s: it may wait for the very servers',
    async (state, status) => {
      expect(await pointBalancer(point, beside(session, state, status), 'abc')).toBe(
        'warning: `haproxy0` does not listen yet: where its servers are, it looks up when it starts',
      );
      expect(await leaveBalancer(leave, beside(session, state, status))).toBe(
        'warning: `haproxy0` does not listen yet: it leads nobody to them',
      );
    },
  );

  test('and has lost its socket, may serve: it has failed', async () => {
    const lost = agentSession({
      leave: () => Promise.reject(new Error('the agent: haproxy at `/admin.sock`: ENOENT')),
    });
    await expect(leaveBalancer(leave, beside(lost, 'running', 'Up 4 seconds'))).rejects.toThrow('ENOENT');
  });

  test.each(['Up 2 minutes', 'Up About an hour', 'Up 3 days (healthy)'])(
    'and is %s has failed',
    async (status) => {
      await expect(pointBalancer(point, beside(session, 'running', status), 'abc')).rejects.toThrow(
        'ECONNREFUSED',
      );
    },
  );
});
