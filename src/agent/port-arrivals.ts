import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import type { PortArrivalsRequest, PortArrivalsResult } from '../runtime/agent/agent-session.ts';
import { tableOf } from './read-table.ts';
import { isUnchanged, tcpCounts, type TcpCounts } from './tcp-change.ts';
import { peersIn } from './tcp-table.ts';

/** A request may be over within a few milliseconds; whoever closes first is listed for a minute more. */
const LOOK_EVERY_MS = 5;

/**
 * Waits until `count` different connections to ports of a process's network namespace were seen; or until for `idleMs` on end
 * none has come, there or to the ports of `beside`. What comes over networks of the agent's own does not count: what it asks
 * itself, and who calls the container by its name.
 */
export async function awaitPortArrivals(
  { pid, beside, ports, count, idleMs, timeoutMs }: PortArrivalsRequest,
  proc = '/proc',
  apart = ownNetworks(),
): Promise<PortArrivalsResult> {
  const startedAt = performance.now();
  const peersOf = (process: number) =>
    ['tcp', 'tcp6'].flatMap((name) => peersIn(tableOf(`${proc}/${process}/net/${name}`), ports, apart));
  const counted = new Map<number, TcpCounts | null>();
  const newPeersOf = (process: number) => {
    // Before the tables: what comes while they are read is looked for once more.
    const counts = tcpCounts(`${proc}/${process}/net`);
    if (isUnchanged(counted.get(process) ?? null, counts)) return [];
    counted.set(process, counts);
    return peersOf(process);
  };
  // Of before, still listed.
  const before = new Set(beside === null ? [] : peersOf(beside));
  const there = new Set<string>();
  const elsewhere = new Set<string>();
  let known = 0;
  let idleSince = startedAt;
  for (;;) {
    for (const peer of newPeersOf(pid)) there.add(peer);
    for (const peer of beside === null ? [] : newPeersOf(beside)) if (!before.has(peer)) elsewhere.add(peer);
    const now = performance.now();
    const all = there.size + elsewhere.size;
    if (all > known) idleSince = now;
    known = all;
    const isOver = there.size >= count || now - idleSince >= idleMs || now - startedAt >= timeoutMs;
    if (isOver) return { seen: there.size, beside: elsewhere.size, ms: Math.round(now - startedAt) };
    await sleep(LOOK_EVERY_MS);
  }
}

/** Loopback is one of them. */
function ownNetworks(): (address: string) => boolean {
  const own = new BlockList();
  for (const { cidr, family } of Object.values(networkInterfaces()).flatMap((all) => all ?? [])) {
    const [network = '', prefix = ''] = cidr?.split('/') ?? [];
    if (prefix !== '') own.addSubnet(network, Number(prefix), family === 'IPv6' ? 'ipv6' : 'ipv4');
  }
  return (address) => own.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
