import { tableOf } from './read-table.ts';

/** How many TCP sockets a network namespace has, and how many connections it has ever accepted. */
export interface TcpCounts {
  readonly sockets: number;
  /** Of IPv6, those that IPv4 comes to as well. */
  readonly sockets6: number;
  readonly accepted: number;
}

/**
 * Reads the kernel's own counters of a `/proc/<pid>/net` (`sockstat`, `sockstat6`, `snmp`); null where one of them tells
 * nothing. They cost microseconds, a table of connections milliseconds on a machine with much memory: for each the kernel
 * walks its whole hash, whoever's connections it holds. A connection that has come is among `accepted` as soon as
 * its handshake is done; one that has ended is no longer among the sockets.
 */
export function tcpCounts(directory: string): TcpCounts | null {
  const sockets = /^TCP: inuse (\d+)/m.exec(tableOf(`${directory}/sockstat`))?.[1];
  const sockets6 = /^TCP6: inuse (\d+)/m.exec(tableOf(`${directory}/sockstat6`))?.[1];
  // RtoAlgorithm, RtoMin, RtoMax, MaxConn, ActiveOpens, PassiveOpens: in this order in every kernel.
  const accepted = /^Tcp: (?:-?\d+ ){5}(\d+)/m.exec(tableOf(`${directory}/snmp`))?.[1];
  if (sockets === undefined || sockets6 === undefined || accepted === undefined) return null;
  return { sockets: Number(sockets), sockets6: Number(sockets6), accepted: Number(accepted) };
}

/** Nothing has come or gone between the two: the tables tell what they told. */
export function isUnchanged(before: TcpCounts | null, now: TcpCounts | null): boolean {
  return (
    before !== null &&
    now !== null &&
    before.sockets === now.sockets &&
    before.sockets6 === now.sockets6 &&
    before.accepted === now.accepted
  );
}
