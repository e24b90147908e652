import { behindHaproxy, beside, neverAgain, renaming, set, WORKER, type VerdictCase } from './case.ts';

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
    stack: behindHaproxy('node', set({ containers: 3, drain_timeout: 60 })),
    change: set({ containers: 1 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'from four to two',
    stack: behindHaproxy('unicorn', set({ containers: 4 })),
    change: set({ containers: 2 }),
    said: 'zero-downtime',
    rule: 'removed',
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
