import { nextGeneration } from '../load.ts';
import {
  again,
  balancerAgain,
  behindHaproxy,
  beside,
  changing,
  renaming,
  renewed,
  set,
  WORKER,
  type Clients,
  type VerdictCase,
} from './case.ts';

/** So many that all servers have something to do. */
export const BUSY: Clients = { anew: 8, kept: 40, pauseMs: 0 };

/** unicorns behind haproxy, and what becomes of them: each goes on from what the one before it has left. */
export const oneAfterTheOther: readonly VerdictCase[] = [
  {
    name: 'a pid file that both generations have',
    stack: behindHaproxy('unicorn', set({ env: { GENERATION: '1', PIDFILE: '/var/counted/app.pid' } })),
    change: again,
    said: 'unproven',
    rule: 'shared-pid-file',
  },
  {
    name: 'a connect as its readiness',
    change: set({ health: { tcp: true }, env: { GENERATION: '3' } }),
    said: 'unproven',
    rule: 'connect-proves-nothing',
  },
  {
    name: 'two unicorns on sockets',
    change: (made) => {
      made.app['health'] = { path: '/ping' };
      nextGeneration(made);
    },
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'both at once',
    change: (made) => {
      made.app['strategy'] = { batch: 2 };
      nextGeneration(made);
    },
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a restart policy',
    change: ({ app }) => {
      delete app['strategy'];
      app['restart'] = 'always';
    },
    said: 'zero-downtime',
    rule: 'updated-in-place',
  },
  {
    name: 'from two to four',
    change: set({ containers: 4 }),
    said: null,
    rule: null,
  },
  {
    name: 'from four to two',
    // Of each thousand requests about two found none when the second went before the checks had seen the first.
    change: set({ containers: 2 }),
    clients: BUSY,
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'a worker',
    before: (made) => {
      beside('worker', WORKER)(made);
      const unasked = { command: ['node', '0.0.0.0:3000'], port: 3000, health: { path: '/ping' } };
      beside('other', unasked)(made);
    },
    change: changing('worker', renewed),
    said: 'zero-downtime',
    rule: 'worker',
  },
  {
    name: 'a worker goes',
    change: renaming('worker', null),
    said: 'zero-downtime',
    rule: 'worker',
  },
  {
    name: 'a container goes that nobody asks',
    change: renaming('other', null),
    said: 'zero-downtime',
    rule: 'removed-unused',
  },
  {
    name: 'the haproxy itself, at a port of the host',
    change: balancerAgain,
    twice: true,
    said: 'gap',
    rule: 'host-port',
  },
  {
    name: 'a container gets another name, and serves elsewhere',
    before: ({ haproxy }) => void delete haproxy['depends_on'],
    change: renaming('app', 'web'),
    said: 'gap',
    rule: 'removed-last',
    length: 'lasting',
  },
];
