import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PortArrivalsRequest, PortArrivalsResult } from '../runtime/agent/agent-session.ts';
import { tableOf } from './read-table.ts';
import { peersIn } from './tcp-table.ts';

/** A request may be over within a few milliseconds; whoever closes first is listed for a minute more. */
const LOOK_EVERY_MS = 5;

/**
 * Waits until `count` different connections to ports of a process's network namespace were seen; or until for `idleMs` on end
 * none has come, there or to the ports of `beside`. What the agent asks itself does not count, nor what a container asks itself.
 */
export async function awaitPortArrivals(
  { pid, beside, ports, count, idleMs, timeoutMs }: PortArrivalsRequest,
  proc = '/proc',
  own = ownAddresses(),
): Promise<PortArrivalsResult> {
  const startedAt = performance.now();
  const peersOf = (process: number) =>
    ['tcp', 'tcp6'].flatMap((name) => peersIn(tableOf(`${proc}/${process}/net/${name}`), ports, own));
  // Of before, still listed.
  const before = new Set(beside === null ? [] : peersOf(beside));
  const there = new Set<string>();
  const elsewhere = new Set<string>();
  let known = 0;
  let idleSince = startedAt;
  for (;;) {
    for (const peer of peersOf(pid)) there.add(peer);
    for (const peer of beside === null ? [] : peersOf(beside)) if (!before.has(peer)) elsewhere.add(peer);
    const now = performance.now();
    const all = there.size + elsewhere.size;
    if (all > known) idleSince = now;
    known = all;
    const isOver = there.size >= count || now - idleSince >= idleMs || now - startedAt >= timeoutMs;
    if (isOver) return { seen: there.size, beside: elsewhere.size, ms: Math.round(now - startedAt) };
    await sleep(LOOK_EVERY_MS);
  }
}

function ownAddresses(): ReadonlySet<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}
