import { connect } from 'node:net';

import { codeOf } from './system-error.ts';

/** From a socket's making until its server listens pass microseconds; one that takes longer stands in the kernel's tables. */
const REFUSED_MS = 5_000;

/** Somebody who asks a socket file whether anybody listens on it. */
interface Asked {
  /** The file: another one of that name is asked anew. */
  readonly inode: string;
  /** Since when it has refused whoever came; null: not yet, or somebody listens. */
  sinceMs: number | null;
  isAsking: boolean;
  /** Somebody listens, under a name that nobody knows: it is asked no more. */
  isServed: boolean;
}

/**
 * Tells what was left behind of sockets on which nobody was seen to listen: a machine that loses its power takes whoever has
 * seen that along. Such a one must have refused all connections for 5 s on end.
 */
export class Refusals {
  readonly #asked = new Map<string, Asked>();

  /** Asks it once more; true once it counts as left. Nobody may stand in the kernel's tables under its name. */
  hasRefused(path: string, inode: string): boolean {
    const known = this.#asked.get(path);
    const asked = known?.inode === inode ? known : { inode, sinceMs: null, isAsking: false, isServed: false };
    this.#asked.set(path, asked);
    if (!asked.isAsking && !asked.isServed) ask(path, asked);
    return asked.sinceMs !== null && performance.now() - asked.sinceMs >= REFUSED_MS;
  }

  /** Forgets all but these paths. */
  keep(paths: ReadonlySet<string>): void {
    for (const path of this.#asked.keys()) if (!paths.has(path)) this.#asked.delete(path);
  }
}

function ask(path: string, asked: Asked): void {
  asked.isAsking = true;
  const socket = connect(path);
  const told = (isServed: boolean, isRefused: boolean): void => {
    asked.isAsking = false;
    asked.isServed = isServed;
    asked.sinceMs = isRefused ? (asked.sinceMs ?? performance.now()) : null;
    socket.destroy();
  };
  socket.once('connect', () => told(true, false));
  // A full queue, or a path that nobody may go, tells nothing.
  socket.once('error', (error) => told(false, codeOf(error) === 'ECONNREFUSED'));
}
