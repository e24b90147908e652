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
