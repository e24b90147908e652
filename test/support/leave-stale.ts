import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { createServer } from 'node:net';

/** Leaves a socket behind whose server is gone; one that closes properly takes it along, unless it has moved. */
export async function leaveStale(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.first`);
  await once(server, 'listening');
  renameSync(`${path}.first`, path);
  server.close();
  await once(server, 'close');
}
