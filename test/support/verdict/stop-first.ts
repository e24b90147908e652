import { again, behindHaproxy, fixedSocket, oneWriter, set, type VerdictCase } from './case.ts';

const STOP_FIRST = { strategy: { order: 'stop-first' } };
const patient = (text: string) => text.replace('fall 2', 'fall 20');

/** What stops before its successor starts. */
export const stopFirst: readonly VerdictCase[] = [
  {
    name: 'stop-first, before a haproxy that takes a server down at its first error, and up after five checks',
    stack: behindHaproxy('unicorn', set({ ...STOP_FIRST, env: { GENERATION: '1', BOOT: '1' } }), (text) =>
      text
        .replace('maxconn 4000', 'maxconn 4000\n  nbthread 1')
        .replace('fastinter 100ms', 'fastinter 500ms')
        .replace('rise 1', 'rise 5 observe layer4 error-limit 1 on-error mark-down'),
    ),
    change: again,
    said: 'zero-downtime',
    rule: 'taken-away',
  },
  {
    name: 'stop-first, and the other gets no requests',
    stack: behindHaproxy('unicorn', set(STOP_FIRST), (text) =>
      text.replace('app1.sock', 'app1.sock weight 0').replace(/.*app[23].*\n/g, ''),
    ),
    change: again,
    said: 'gap',
    rule: 'no-second-try',
    length: 'at-most',
  },
  {
    name: 'stop-first, and alone: held, by a patient haproxy',
    stack: behindHaproxy('unicorn', set({ containers: 1, ...STOP_FIRST }), patient),
    change: again,
    twice: true,
    said: 'zero-downtime',
    rule: 'held',
  },
  {
    name: 'a socket that cannot move, and alone',
    before: (made) => {
      fixedSocket(made);
      delete made.app['strategy'];
      made.app['stop_signal'] = 'TERM';
    },
    change: again,
    twice: true,
    said: 'gap',
    rule: 'held-but-bound',
  },
  {
    name: 'stop-first, and alone, not measured yet',
    stack: behindHaproxy('unicorn', set({ containers: 1, ...STOP_FIRST })),
    change: again,
    said: 'unproven',
    rule: 'held-and-checked',
  },
  {
    name: 'stop-first, and alone: held for longer than a haproxy waits',
    // As long as that takes is known from then on.
    before: set({ env: { GENERATION: '3', BOOT: '4' } }),
    change: again,
    // So many that some come while the others wait.
    clients: { anew: 150, kept: 50, pauseMs: 8000 },
    said: 'gap',
    rule: 'held-beyond-checks',
  },
  {
    name: 'stop-first, and all at once: held',
    stack: behindHaproxy('unicorn', set({ strategy: { order: 'stop-first', batch: 2 } }), patient),
    change: again,
    twice: true,
    said: 'zero-downtime',
    rule: 'held',
  },
  {
    name: 'a database',
    stack: oneWriter('redis-server'),
    change: again,
    twice: true,
    said: 'gap',
    rule: 'database',
  },
  {
    name: 'one that alone writes its files',
    stack: oneWriter('records'),
    change: again,
    twice: true,
    said: 'gap',
    rule: 'single-writer',
  },
];
