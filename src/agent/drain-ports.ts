import { setTimeout as sleep } from 'node:timers/promises';

import type { DrainPortsRequest, DrainResult } from '../runtime/agent/agent-session.ts';
import { readTable } from './read-table.ts';
import { isUnchanged, tcpCounts, type TcpCounts } from './tcp-change.ts';
import { countConnections, type ConnectionCount } from './tcp-table.ts';

const LOOK_EVERY_MS = 10;
const NONE: ConnectionCount = { queued: 0, open: 0 };

/**
 * Waits until the ports of a process's network namespace have had no connection, queued or open, for `quietMs` on end.
 * Where its tables cannot be read, nothing is waited for.
 */
export async function drainPorts(request: DrainPortsRequest, proc = '/proc'): Promise<DrainResult> {
  const { pid, ports, quietMs, timeoutMs } = request;
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  let most = 0;
  let quietSince: number | null = null;
  let calm: TcpCounts | null = null;
  for (;;) {
    // Before the tables: what comes while they are read counts as a change.
    const counts: TcpCounts | null = tcpCounts(`${proc}/${pid}/net`);
    const look = isUnchanged(calm, counts) ? NONE : countAll(`${proc}/${pid}/net`, ports, counts);
    if ('blind' in look) return { kind: 'blind', ms: elapsedMs(), why: look.blind };
    const left: number = look.queued + look.open;
    calm = left === 0 ? counts : null;
    most = Math.max(most, left);
    const now = performance.now();
    if (left > 0) quietSince = null;
    else quietSince ??= now;
    if (quietSince !== null && now - quietSince >= quietMs) return { kind: 'drained', ms: elapsedMs(), most };
    if (elapsedMs() >= timeoutMs) {
      return { kind: 'busy', ms: elapsedMs(), queued: look.queued, open: look.open };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function countAll(
  directory: string,
  ports: readonly number[],
  counts: TcpCounts | null,
): ConnectionCount | { readonly blind: string } {
  let queued = 0;
  let open = 0;
  for (const name of counts?.sockets6 === 0 ? ['tcp'] : ['tcp', 'tcp6']) {
    const table = readTable(`${directory}/${name}`);
    // It has ended, or the kernel knows no IPv6: there are no connections of it.
    if (table === null) continue;
    if (typeof table !== 'string') return table;
    const count = countConnections(table, ports);
    queued += count.queued;
    open += count.open;
  }
  return { queued, open };
}
