import { describe, expect, test } from 'vitest';

import type { VerdictFacts } from '../../../src/compiler/verdict/facts.ts';
import { judge } from '../../../src/compiler/verdict/judge.ts';
import { client, FIXED, FRONT, haproxy, nginx, PUMA, SHARED, SWAP, TCP, WORKER, CAN } from './facts.ts';

describe('the lowest serving capacity', () => {
  test.each<[string, VerdictFacts, readonly [number, number] | null]>([
    ['start-first never has fewer', SWAP, [4, 4]],
    ['stop-first is short of those that stop together', { ...FIXED, batch: 3, gone: 2 }, [2, 4]],
    ['all at once', { ...FIXED, batch: 4, gone: 4 }, [0, 4]],
    [
      'one that did not run is not missed',
      { ...FIXED, runs: false, gone: 0, instances: { now: 3, after: 4 } },
      [3, 4],
    ],
    [
      'start-first on a path that it binds itself: it has taken that before it serves',
      { ...FIXED, order: 'start-first', gone: 2 },
      [2, 4],
    ],
    [
      'none of those that are replaced is found at another path',
      { ...SWAP, rolled: 3, socket: { ...SWAP.socket, elsewhere: true } },
      [1, 4],
    ],
    ['more', { ...SWAP, action: 'create', instances: { now: 2, after: 4 } }, [2, 4]],
    ['fewer', { ...SWAP, action: 'remove', instances: { now: 4, after: 1 } }, [1, 4]],
    ['in place', { ...SWAP, action: 'reload' }, [4, 4]],
    ['a worker serves nobody', WORKER, null],
  ])('%s', (_, facts, expected) => {
    const { capacity } = judge(facts);
    expect(capacity === null ? null : [capacity.lowest, capacity.of]).toEqual(expected);
  });
});

describe('who is touched', () => {
  const web = client();
  const held = client({ name: 'admin', held: true });
  const dependents: VerdictFacts['dependents'] = [
    { name: 'logger', by: 'volume', held: false },
    { name: 'sidecar', by: 'network', held: true },
  ];
  test.each<[string, VerdictFacts, readonly string[]]>([
    ['nobody, by a swap', SWAP, []],
    [
      'who reaches what is away meanwhile',
      { ...FIXED, clients: [web, held], balancers: [haproxy(), nginx({ others: 0 })] },
      [
        '`web` loses its link meanwhile',
        '`admin` loses its link meanwhile (held: it stays as it is)',
        '`haproxy` loses an upstream meanwhile',
        '`nginx` loses an upstream meanwhile, its only one',
      ],
    ],
    [
      'who waits for what is held',
      { ...FIXED, clients: [web], balancers: [], can: { ...CAN, hold: true } },
      ['`web` loses its link and waits for it'],
    ],
    [
      'who reaches what goes for good',
      { ...SWAP, action: 'remove', instances: { now: 4, after: 3 }, clients: [web] },
      ['`web` loses its link', '`haproxy` loses an upstream'],
    ],
    [
      'what is held keeps what it has looked up',
      { ...TCP, clients: [web, held] },
      ['`admin` gets another address (held: it stays as it is)'],
    ],
    [
      'who shares its volumes or its network',
      { ...SWAP, dependents },
      ['`logger` shares its volumes', '`sidecar` uses its network (held: it stays as it is)'],
    ],
    [
      'new ones that the balancer does not list',
      {
        ...SWAP,
        action: 'create',
        instance: 'app2',
        instances: { now: 2, after: 4 },
        balancers: [haproxy(null, 2), haproxy(null, 0), haproxy({}, 3)],
      },
      ['`haproxy` lists 2 of 4 `app`: `app2` gets no requests'],
    ],
    [
      'who has a web socket through a balancer that is set up for them',
      { ...SWAP, server: PUMA, balancers: [haproxy({ upgrades: true })] },
      ['web sockets through `haproxy` are cut off after 60 s at the latest'],
    ],
    ['but not to a server that cannot speak so', { ...SWAP, balancers: [haproxy({ upgrades: true })] }, []],
    [
      'who has one through what listens on a port of the host',
      {
        ...SHARED,
        sharing: {
          program: 'haproxy',
          front: { kind: 'read', view: { ...FRONT, upgrades: true } },
          nextShares: true,
          migrates: true,
          sameUser: true,
          takesOver: false,
        },
      },
      ['web sockets through `haproxy` are cut off after 30 s at the latest'],
    ],
    ['nobody, by what did not run', { ...FIXED, runs: false, clients: [web] }, []],
    ['nobody, by a change in place', { ...SWAP, action: 'update', dependents, clients: [web] }, []],
  ])('%s', (_, facts, expected) => {
    expect(judge(facts).touches).toEqual(expected);
  });
});
