import { type Loose } from '../stack-cli.ts';
import {
  SOON,
  again,
  NEXT_IMAGE,
  behindHaproxy,
  keepingConnections,
  neverAgain,
  passingBytes,
  set,
  type VerdictCase,
} from './case.ts';

export const socketSwaps: readonly VerdictCase[] = [
  ...(['puma', 'gunicorn', 'node'] as const).map(
    (server): VerdictCase => ({
      name: `two ${server}s on sockets`,
      // haproxy waits 60 s for an answer, and whether node finishes what it has is not known.
      stack: behindHaproxy(server, set({ drain_timeout: 60 })),
      change: again,
      said: 'zero-downtime',
      rule: 'socket-swap',
    }),
  ),
  {
    name: 'a single unicorn on its socket',
    stack: behindHaproxy('unicorn', set({ containers: 1 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a stop signal that kills, drained before',
    stack: behindHaproxy('unicorn', set({ stop_signal: 'KILL', drain_timeout: 60 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'no time to stop, drained before',
    stack: behindHaproxy('puma', set({ stop_timeout: 0, drain_timeout: 60 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that never tries again',
    stack: behindHaproxy('unicorn', undefined, neverAgain),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that keeps connections to puma, which is killed',
    stack: behindHaproxy('puma', set({ ...SOON, stop_signal: 'KILL' }), keepingConnections),
    change: again,
    paths: ['/slow/0.5'],
    clients: { anew: 1, kept: 12, pauseMs: 30 },
    said: 'gap',
    rule: 'kept-and-killed',
    length: 'instant',
  },
  {
    name: 'a haproxy that would keep connections to unicorn, which closes them',
    stack: behindHaproxy('unicorn', undefined, keepingConnections),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that passes bytes to unicorn',
    stack: behindHaproxy('unicorn', undefined, passingBytes),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  ...(['puma', 'gunicorn', 'node'] as const).map(
    (server): VerdictCase => ({
      name: `a single ${server} on its socket`,
      stack: behindHaproxy(server, set({ containers: 1, drain_timeout: 60 })),
      change: again,
      said: 'zero-downtime',
      rule: 'socket-swap',
    }),
  ),
  {
    name: 'three of four at once',
    stack: behindHaproxy('unicorn', set({ containers: 4, strategy: { batch: 3 } })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'one more than there are, and no more',
    stack: behindHaproxy('unicorn', set({ strategy: { surge: 1 } })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'another image',
    stack: behindHaproxy('unicorn'),
    change: set({ image: NEXT_IMAGE }),
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'another server on the same socket',
    stack: behindHaproxy('unicorn'),
    change: set({ command: ['puma', '/var/lib/haproxy/socks/%{app_name}.sock'], stop_signal: 'TERM' }),
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'back to the version before',
    stack: behindHaproxy('unicorn'),
    twice: true,
    change: ({ app }) => {
      const { GENERATION } = app['env'] as Loose;
      app['env'] = { GENERATION: GENERATION === '1' ? '2' : '1' };
    },
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a socket that the command alone names',
    stack: behindHaproxy('unicorn', ({ app }) => void delete app['socket']),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a `manual` container that is named',
    stack: behindHaproxy('unicorn', set({ deploy: 'manual' })),
    change: again,
    args: ['--include', 'app'],
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'slow requests, drained before a stop that waits for a second',
    stack: behindHaproxy('node', set({ stop_timeout: 1, drain_timeout: 60 })),
    change: again,
    paths: ['/slow/2', ...Array.from({ length: 14 }, () => '/count/')],
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'streams that last longer than the drain and the stop',
    stack: behindHaproxy('node', set({ containers: 1, drain_timeout: 1, stop_timeout: 1 })),
    change: again,
    twice: true,
    paths: ['/stream/5'],
    // Some are always at their beginning.
    clients: { anew: 16, kept: 10, pauseMs: 5000 },
    said: 'gap',
    rule: 'forced-with-connections',
    length: 'instant',
  },
  {
    name: 'a haproxy that checks every ten seconds',
    stack: behindHaproxy('unicorn', undefined, (text) => text.replace('inter 500ms', 'inter 10s')),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that checks nothing',
    stack: behindHaproxy('unicorn', undefined, (text) =>
      // It would send requests to those that are not there as well.
      text.replace('check inter', 'inter').replace(/.*app[23].*\n/g, ''),
    ),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that checks by a connect',
    stack: behindHaproxy('unicorn', undefined, (text) => text.replace('option httpchk GET /ping\n', '')),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
];
