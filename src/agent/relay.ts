import { connect, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { codeOf } from './system-error.ts';

/** A session may begin while the first process is still starting. */
const START_MS = 5000;
const RETRY_MS = 20;

/**
 * Carries a session to the agent's first process at `control`, and its answers back; for images without `socat`, which does
 * the same and starts sooner (`session.sh`). Resolves when the first process has said its last. Rejects when nobody listens there.
 */
export async function relay(input: Readable, output: Writable, control: string): Promise<void> {
  const socket = await reach(control);
  input.pipe(socket);
  for await (const chunk of socket) output.write(chunk);
}

async function reach(control: string): Promise<Socket> {
  const since = performance.now();
  for (;;) {
    try {
      return await opened(control);
    } catch (error) {
      const isStarting = codeOf(error) === 'ENOENT' || codeOf(error) === 'ECONNREFUSED';
      if (!isStarting || performance.now() - since > START_MS) throw error;
      await sleep(RETRY_MS);
    }
  }
}

function opened(control: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // What is under way is answered also when nothing more is asked.
    const socket = connect({ path: control, allowHalfOpen: true });
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
