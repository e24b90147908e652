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
    name: 'from three to one, before a haproxy that takes a server down at its first error',
    stack: behindHaproxy('node', set({ containers: 3, drain_timeout: 60 }), (text) =>
      text.replace('rise 1', 'rise 1 observe layer4 error-limit 1 on-error mark-down'),
    ),
    change: set({ containers: 1 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'from four to two',
    // Of each thousand requests about two found none when the second went before the checks had seen the first.
    stack: behindHaproxy('unicorn', set({ containers: 4 })),
    change: set({ containers: 2 }),
    clients: BUSY,
    said: 'zero-downtime',
    rule: 'removed',
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
