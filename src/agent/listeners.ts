import type { ListenersResult } from '../runtime/agent/agent-session.ts';
import { readTable } from './read-table.ts';
import { Refusal } from './refusal.ts';
import { listenersIn } from './tcp-table.ts';

/** Who listens on ports of the agent's own network namespace, and its `net.ipv4.tcp_migrate_req` (Linux 5.14). */
export function lookAtListeners(ports: readonly number[], proc = '/proc'): ListenersResult {
  const four = read(`${proc}/self/net/tcp`);
  const six = read(`${proc}/self/net/tcp6`);
  return {
    listening: [...listenersIn(four, ports), ...listenersIn(six, ports)],
    migrates: read(`${proc}/sys/net/ipv4/tcp_migrate_req`).trim() === '1',
  };
}

/** Empty for what the kernel does not have. */
function read(path: string): string {
  const text = readTable(path) ?? '';
  if (typeof text === 'string') return text;
  throw new Refusal(`what listens there cannot be seen (${text.blind})`);
}
