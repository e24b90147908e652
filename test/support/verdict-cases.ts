import type { VerdictCase } from './verdict/case.ts';
import { hostPorts } from './verdict/host-ports.ts';
import { littleChanges } from './verdict/little-changes.ts';
import { behindNginxes } from './verdict/nginx.ts';
import { oneAfterTheOther } from './verdict/one-after-the-other.ts';
import { overTcpNames } from './verdict/over-tcp.ts';
import { scaling } from './verdict/scaling.ts';
import { socketSwaps } from './verdict/socket-swap.ts';
import { stopFirst } from './verdict/stop-first.ts';

/** (stack, change) pairs, and what the plan is to say of each. */
export const verdictCases: readonly VerdictCase[] = [
  ...oneAfterTheOther,
  ...socketSwaps,
  ...behindNginxes,
  ...hostPorts,
  ...overTcpNames,
  ...scaling,
  ...stopFirst,
  ...littleChanges,
];

/**
 * Those that say the same as others of another server, or of one setting more: `npm run test:verdict` plays them too. None
 * that others go on from.
 */
export const variants: ReadonlySet<string> = new Set([
  'two gunicorns on sockets',
  'two nodes on sockets',
  'two pumas on sockets',
  'a single unicorn on its socket',
  'a single puma on its socket',
  'a single gunicorn on its socket',
  'a single node on its socket',
  'a stop signal that kills, drained before',
  'no time to stop, drained before',
  'slow requests, drained before a stop that waits for a second',
  'a haproxy that never tries again',
  'a haproxy that would keep connections to unicorn, which closes them',
  'three of four at once',
  'a haproxy that passes bytes to unicorn',
  'one more than there are, and no more',
  'another image',
  'another server on the same socket',
  'back to the version before',
  'a socket that the command alone names',
  'a `manual` container that is named',
  'a haproxy that checks every ten seconds',
  'a haproxy that checks by a connect',
  'a haproxy that checks nothing',
  'an nginx that connects anew, before puma',
  'an nginx that connects anew, before gunicorn',
  'an nginx that connects anew, before node',
  'an nginx that would keep connections to unicorn, which closes them',
  'an nginx that keeps connections to node, which is killed',
  'a port of the host',
  'a port of the host, and nothing but a time says when it is ready',
  'two unicorns whose addresses haproxy is told',
  'two gunicorns whose addresses haproxy is told',
  'two nodes whose addresses haproxy is told',
  'a single unicorn whose address haproxy is told',
  'addresses that haproxy is told, both at once',
  'from one to three',
  'from three to one, before a haproxy that takes a server down at its first error',
  'from two to one, before a haproxy that picks by a hash',
  'from two to one, before a haproxy that never tries again',
  'stop-first, and the other gets no requests',
  'stop-first, and all at once: held',
  "an nginx's configuration, reloaded: it closes what clients keep",
  'a haproxy on a socket behind another, with slow requests and streams',
]);
