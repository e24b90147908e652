import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { once } from 'node:events';
import type { Server } from 'node:net';
import { dirname, join } from 'node:path';

import { kindOf } from './published-link.ts';
import { Refusal } from './refusal.ts';
import { isServed } from './served.ts';

/**
 * Has a server listen at a path, in the place of a socket that nobody serves any more: the agent that had it was killed.
 *
 *     listen beside it · mode · rename over it
 *
 * Rejects with {@link Refusal} where somebody listens there or something else has the name, else with the system's error.
 */
export async function takeSocket(server: Server, path: string, mode: number): Promise<void> {
  const kind = await kindOf(path);
  if (kind !== null && kind !== 'socket') throw new Refusal(`it is a ${kind}`);
  if (kind === 'socket' && (await isServed(path))) throw new Refusal('somebody else listens there');
  await mkdir(dirname(path), { recursive: true });
  const beside = join(dirname(path), `.${randomUUID().slice(0, 8)}`);
  server.listen(beside);
  await once(server, 'listening');
  try {
    await chmod(beside, mode);
    await rename(beside, path);
  } catch (error) {
    server.close();
    await rm(beside, { force: true });
    throw error;
  }
}
