import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

import type { AgentAnswer, AgentRequest } from './protocol.ts';
import { serveSession } from './session.ts';
import { systemError } from './system-error.ts';

/** Who is behind an agent's control socket. */
export interface Control {
  /** Never rejects; `peer` is the connection. */
  readonly answer: (request: AgentRequest, peer: object) => Promise<AgentAnswer>;
  /** A connection is over. */
  readonly leave: (peer: object) => void;
  /** Nobody can be answered. */
  readonly complain: (why: string) => void;
}

/** Has an agent's first process answer at a socket, in a folder of its own; sessions that were started beside it reach it there. */
export function serveControl(control: string, { answer, leave, complain }: Control): void {
  // What is under way is answered also when nothing more is asked.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    // A session that ends early takes no answer.
    socket.on('error', () => undefined);
    socket.on('close', () => leave(socket));
    serveSession(socket, socket, (request) => answer(request, socket))
      .catch(() => undefined)
      .finally(() => socket.end());
  });
  const fail = (error: unknown): void => complain(`${systemError(error)} (${control})`);
  server.on('error', fail);
  try {
    mkdirSync(dirname(control), { recursive: true });
    rmSync(control, { force: true });
    server.listen(control);
  } catch (error) {
    fail(error);
  }
}
