import type { VerdictCase } from './verdict/case.ts';
import { hostPorts } from './verdict/host-ports.ts';
import { littleChanges } from './verdict/little-changes.ts';
import { behindNginxes } from './verdict/nginx.ts';
import { overTcpNames } from './verdict/over-tcp.ts';
import { scaling } from './verdict/scaling.ts';
import { socketSwaps } from './verdict/socket-swap.ts';
import { stopFirst } from './verdict/stop-first.ts';

/** (stack, change) pairs, and what the plan is to say of each. */
export const verdictCases: readonly VerdictCase[] = [
  ...socketSwaps,
  ...behindNginxes,
  ...hostPorts,
  ...overTcpNames,
  ...scaling,
  ...stopFirst,
  ...littleChanges,
];

/** Those that say the same as others of another server, or of one setting more: `npm run test:verdict` plays them too. */
export const variants: ReadonlySet<string> = new Set([
  'two gunicorns on sockets',
  'two nodes on sockets',
  'two pumas on sockets',
  'a single puma on its socket',
  'a single gunicorn on its socket',
  'a single node on its socket',
  'an nginx that connects anew, before puma',
  'an nginx that connects anew, before node',
  'an nginx that would keep connections to unicorn, which closes them',
  'two gunicorns whose addresses haproxy is told',
  'two nodes whose addresses haproxy is told',
  'a single unicorn whose address haproxy is told',
  'addresses that haproxy is told, both at once',
  'a haproxy that checks by a connect',
  'a haproxy that checks nothing',
  'another server on the same socket',
  'a socket that the command alone names',
  'another image',
  'back to the version before',
  'one more than there are, and no more',
]);
