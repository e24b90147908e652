import { statfsSync } from 'node:fs';

import type { HostPort } from '../compiler/desired/host-port.ts';
import type { HostResult } from '../runtime/agent/agent-session.ts';
import { tableOf } from './read-table.ts';
import { listeningIn } from './tcp-table.ts';

/** Who listens on ports of the host, whose first process the agent sees, and how much room there is in a directory. */
export function lookAtHost(ports: readonly number[], directory: string, proc = '/proc'): HostResult {
  const protocols = ports.length === 0 ? [] : (['tcp', 'udp'] as const);
  const listening = protocols.flatMap((protocol) =>
    [protocol, `${protocol}6`].flatMap((table) =>
      listeningIn(tableOf(`${proc}/1/net/${table}`), protocol, ports),
    ),
  );
  return { listening: unique(listening), freeBytes: freeIn(directory) };
}

function freeIn(directory: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return null;
  }
}

function unique(ports: readonly HostPort[]): readonly HostPort[] {
  return [
    ...new Map(ports.map((port) => [`${port.protocol} ${port.hostIp} ${port.hostPort}`, port])).values(),
  ];
}
