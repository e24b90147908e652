import {
  again,
  behindHaproxy,
  beside,
  neverAgain,
  renaming,
  set,
  WORKER,
  type Clients,
  type VerdictCase,
} from './case.ts';

/** It sees that one is gone before the next one goes: each is without connections for 250 ms before it stops. */
const watchful = (text: string) => text.replace('inter 500ms', 'inter 150ms');

/** So many that all servers have something to do. */
const BUSY: Clients = { anew: 8, kept: 40, pauseMs: 0 };

/** More, fewer, and others. */
export const scaling: readonly VerdictCase[] = [
  {
    name: 'from two to four',
    stack: behindHaproxy('unicorn'),
    change: set({ containers: 4 }),
    said: null,
    rule: null,
  },
  {
    name: 'from one to three',
    stack: behindHaproxy('node', set({ containers: 1 })),
    change: set({ containers: 3 }),
    said: null,
    rule: null,
  },
  {
    name: 'from three to one',
    stack: behindHaproxy('node', set({ containers: 3, drain_timeout: 60 }), watchful),
    change: set({ containers: 1 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'from four to two',
    stack: behindHaproxy('unicorn', set({ containers: 4 }), watchful),
    change: set({ containers: 2 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    // Of each thousand requests about two found none, as long as the checks saw neither, with 14 clients and two threads.
    name: 'from four to two, the second before the checks have seen that the first is gone',
    stack: behindHaproxy('unicorn', set({ containers: 4 })),
    change: set({ containers: 2 }),
    said: 'unproven',
    rule: 'gone-together',
  },
  {
    name: 'stop-first, two of four at once, before a haproxy that turns to those with the fewest connections',
    stack: behindHaproxy(
      'unicorn',
      set({ containers: 4, strategy: { order: 'stop-first', batch: 2 } }),
      (text) => text.replace('balance roundrobin', 'balance leastconn'),
    ),
    change: again,
    clients: BUSY,
    said: 'gap',
    rule: 'more-gone-than-tried',
    length: 'at-most',
  },
  {
    name: 'from two to one, before a haproxy that picks by a hash',
    stack: behindHaproxy('unicorn', undefined, (text) => text.replace('balance roundrobin', 'balance uri')),
    change: set({ containers: 1 }),
    said: 'gap',
    rule: 'no-second-try',
    length: 'at-most',
  },
  {
    name: 'from two to one, before a haproxy that never tries again',
    stack: behindHaproxy('unicorn', undefined, neverAgain),
    change: set({ containers: 1 }),
    said: 'gap',
    rule: 'no-second-try',
    length: 'at-most',
  },
  {
    name: 'a worker goes',
    stack: behindHaproxy('unicorn', beside('other', WORKER)),
    change: renaming('other', null),
    said: 'zero-downtime',
    rule: 'worker',
  },
  {
    name: 'a container goes that nobody asks',
    stack: behindHaproxy(
      'unicorn',
      beside('other', { command: ['node', '0.0.0.0:3000'], port: 3000, health: { path: '/ping' } }),
    ),
    change: renaming('other', null),
    said: 'zero-downtime',
    rule: 'removed-unused',
  },
  {
    name: 'a container gets another name, and serves elsewhere',
    stack: behindHaproxy('unicorn', ({ haproxy }) => void delete haproxy['depends_on']),
    change: renaming('app', 'web'),
    said: 'gap',
    rule: 'removed-last',
    length: 'lasting',
  },
];
