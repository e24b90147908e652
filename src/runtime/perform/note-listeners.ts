import type { SharedPorts } from '../gate/shared-port.ts';
import type { Ask } from './sessions.ts';

/** Who listens on these ports of the host before another generation does, and what a reader should know of that. */
export async function noteListeners(
  ports: readonly number[],
  ask: <T>(ask: Ask<T>) => Promise<T>,
): Promise<{ readonly shared: SharedPorts; readonly note: string }> {
  const { listening, migrates } = await ask((agent) => agent.listeners(ports));
  const count = listening.length === 1 ? '1 socket listens' : `${listening.length} sockets listen`;
  const note = migrates
    ? `${count} there`
    : `warning: ${count} there, and what waits to be accepted is reset when they close: \`sysctl -w net.ipv4.tcp_migrate_req=1\``;
  return { shared: { ports, before: listening }, note };
}
