import { again, behindHaproxy, neverAgain, set, type VerdictCase } from './case.ts';
import { BUSY } from './one-after-the-other.ts';

/** More and fewer. */
export const scaling: readonly VerdictCase[] = [
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
];
