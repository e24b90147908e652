import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

import { answer, type Places } from './answer.ts';
import { Keeper } from './keeper.ts';
import { removeHeld, sweep } from './sweep.ts';
import { serveSession } from './session.ts';
import { systemError } from './system-error.ts';

/**
 * Stays up until asked to stop: sessions are started beside it by exec, and leave to it what must outlive them. They
 * reach it at `control`, in a folder of its own.
 */
export function idle(places: Places, control: string): void {
  // The kernel gives a container's first process no default action for signals.
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  // Keeps the event loop alive; the longest delay that a timer takes.
  setInterval(() => undefined, 2 ** 31 - 1);
  removeHeld(places.root);
  listen(places, control);
  sweep(places.root);
  process.stdout.write('the agent is up\n');
}

function listen(places: Places, control: string): void {
  const keeper = new Keeper();
  const server = createServer((socket) => {
    // A session that ends early takes no answer.
    socket.on('error', () => undefined);
    socket.on('close', () => keeper.lease.leave(socket));
    serveSession(socket, socket, (request) => answer(request, places, keeper, socket)).catch(() => undefined);
  });
  const complain = (error: unknown): void =>
    void process.stderr.write(`nothing is kept beyond a session: ${systemError(error)} (${control})\n`);
  server.on('error', complain);
  try {
    mkdirSync(dirname(control), { recursive: true });
    rmSync(control, { force: true });
    server.listen(control);
  } catch (error) {
    complain(error);
  }
}
