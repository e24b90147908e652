import { setTimeout as sleep } from 'node:timers/promises';

import type { ArrivalsRequest, ArrivalsResult } from '../runtime/agent/agent-session.ts';
import { tableOf } from './read-table.ts';
import { countSockets } from './unix-table.ts';

/** A health check may be over within a few milliseconds. */
const LOOK_EVERY_MS = 1;

/** Waits until `count` different connections to a socket were seen in the network namespaces of `pids`. */
export async function awaitArrivals(request: ArrivalsRequest, proc = '/proc'): Promise<ArrivalsResult> {
  const { pids, name, count, timeoutMs } = request;
  const startedAt = performance.now();
  const seen = new Set<string>();
  for (;;) {
    for (const pid of pids) {
      for (const inode of countSockets(tableOf(`${proc}/${pid}/net/unix`), name).open) seen.add(inode);
    }
    const ms = Math.round(performance.now() - startedAt);
    if (seen.size >= count || ms >= timeoutMs) return { seen: seen.size, ms };
    await sleep(LOOK_EVERY_MS);
  }
}
