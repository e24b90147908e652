import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Handed, HoldRequest } from '../runtime/agent/agent-session.ts';
import { guardLink } from './guard.ts';
import { restoreSocket } from './kept-socket.ts';
import { kindOf, publish, removeSocket } from './published-link.ts';
import { isServed } from './served.ts';
import { systemError } from './system-error.ts';

/** A connect that looked the name up before it moved comes within a few milliseconds. */
const LATE_MS = 500;
const RETRY_MS = 10;
/** Between two tries to give up where nothing can be published. */
const AGAIN_MS = 250;

interface Held {
  readonly socket: Socket;
  readonly since: number;
}

/**
 * A listener of the agent's own in the place of a server that stops before its successor starts. It accepts and reads
 * nothing: what clients send waits in their own buffers, until each connection is handed to the successor, in order.
 *
 * A server that binds the published name itself needs that name free: it is removed before the successor starts, and what
 * was accepted until then is kept (`release` with the name itself).
 */
export class Hold {
  readonly #directory: string;
  readonly #link: string;
  readonly #as: string;
  readonly #onEnd: () => void;
  #server: Server | undefined;
  #held: Held[] = [];
  /** Where connections go; null while they are kept. */
  #to: string | null = null;
  /** Who served before had bound the name itself, and was kept under this one. */
  #kept: string | null = null;
  #letGo = (): void => {};
  #deadline = 0;
  #limit: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;
  #handing: Promise<void> = Promise.resolve();
  #handed: Handed = { held: 0, longestMs: 0 };

  constructor(directory: string, link: string, as: string, onEnd: () => void) {
    this.#directory = directory;
    this.#link = link;
    this.#as = as;
    this.#onEnd = onEnd;
  }

  /** From here on what comes is kept; at the limit it goes to `back` if that serves, and is dropped if not. */
  async begin({ back, kept, limitMs }: Omit<HoldRequest, 'as'>): Promise<void> {
    clearTimeout(this.#closing);
    clearTimeout(this.#limit);
    this.#to = null;
    this.#handed = { held: 0, longestMs: 0 };
    this.#deadline = performance.now() + limitMs;
    this.#server ??= await this.#listen();
    const isBound = kept || (await kindOf(this.#path)) === 'socket';
    await publish(this.#directory, this.#link, this.#as);
    this.#kept = kept ? back : null;
    // Who has bound the name may remove it as it ends, whoever has it by then.
    if (isBound) this.#letGo = guardLink(this.#directory, this.#link, this.#as, limitMs);
    this.#limit = setTimeout(() => void this.#giveUp(back), limitMs);
  }

  /** Whether what comes is kept, for nobody yet. */
  get keeps(): boolean {
    return this.#to === null;
  }

  /** The name may go: somebody else is to bind it. */
  letGo(): void {
    this.#letGo();
    this.#letGo = () => {};
  }

  /**
   * Publishes `to`, as soon as it accepts connections or after `waitMs`, and hands over what was kept. With the published
   * name itself: waits for a server that binds it; null, and what is kept stays, when there is none.
   */
  async release(to: string, waitMs: number): Promise<Handed | null> {
    const path = `${this.#directory}/${to}`;
    const isBound = to === this.#link;
    const isReady = () => (isBound ? this.#isBound() : isServed(path));
    const until = performance.now() + waitMs;
    let ready = await isReady();
    while (!ready && performance.now() < until) {
      await sleep(RETRY_MS);
      ready = await isReady();
    }
    if (isBound && !ready) return null;
    // Whoever served there has ended, or has the name again.
    if (isBound && this.#kept !== null) await removeSocket(this.#directory, this.#kept);
    this.letGo();
    if (!isBound) await publish(this.#directory, this.#link, to);
    clearTimeout(this.#limit);
    this.#to = path;
    for (const held of this.#held.splice(0)) this.#hand(held, path);
    await this.#handing;
    this.#closeSoon();
    return this.#handed;
  }

  /** Drops everything. */
  #end(): void {
    clearTimeout(this.#closing);
    clearTimeout(this.#limit);
    this.letGo();
    for (const { socket } of this.#held.splice(0)) socket.destroy();
    this.#server?.close();
    this.#server = undefined;
    this.#onEnd();
  }

  async #listen(): Promise<Server> {
    const path = `${this.#directory}/${this.#as}`;
    rmSync(path, { force: true });
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on('error', () => socket.destroy());
      const held = { socket, since: performance.now() };
      if (this.#to === null) {
        this.#held.push(held);
      } else {
        this.#hand(held, this.#to);
        this.#closeSoon();
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path, backlog: 4096 }, resolve);
    });
    // A connection that cannot be accepted must not end the agent.
    server.on('error', () => undefined);
    // Whoever may reach the server's own socket may reach this one.
    chmodSync(path, 0o777);
    return server;
  }

  /** One after the other: the first to come is the first to be served. */
  #hand({ socket, since }: Held, path: string): void {
    this.#handing = this.#handing.then(async () => {
      const server = await this.#reach(path, socket);
      if (server === null) return;
      const { held, longestMs } = this.#handed;
      this.#handed = {
        held: held + 1,
        longestMs: Math.max(longestMs, Math.round(performance.now() - since)),
      };
      splice(socket, server);
    });
  }

  /** Null when the client is gone, or nobody takes it within the limit. */
  async #reach(path: string, client: Socket): Promise<Socket | null> {
    for (;;) {
      const server = client.destroyed ? null : await connected(path);
      if (server !== null) return server;
      if (client.destroyed || performance.now() > this.#deadline) {
        client.destroy();
        return null;
      }
      await sleep(RETRY_MS);
    }
  }

  #closeSoon(): void {
    clearTimeout(this.#closing);
    this.#closing = setTimeout(() => this.#end(), LATE_MS);
  }

  /**
   * Nobody came for it. Where the name cannot be changed (a full disk), the link goes on leading here: what comes is handed
   * on, or dropped, until it can. Never rejects: the agent's first process would end, and with it whatever it holds.
   */
  async #giveUp(back: string, complained = ''): Promise<void> {
    try {
      await this.#giveBack(back);
    } catch (error) {
      const words = systemError(error);
      if (words !== complained) process.stderr.write(`\`${this.#path}\` is still held: ${words}\n`);
      // Somebody came for it after all.
      if (this.#to !== null || this.#server === undefined) return;
      for (const held of this.#held.splice(0)) this.#hand(held, `${this.#directory}/${back}`);
      this.#limit = setTimeout(() => void this.#giveUp(back, words), AGAIN_MS);
    }
  }

  /** A name that was removed meanwhile stays removed. */
  async #giveBack(back: string): Promise<void> {
    const isOurs = (await kindOf(this.#path)) === 'symlink';
    if (isOurs && this.#kept === null && (await isServed(`${this.#directory}/${back}`))) {
      await this.release(back, 0);
    } else if ((await this.release(this.#link, 0)) === null) this.#end();
  }

  /** Whether a server listens at the published name itself; one that was kept, and still listens, gets it back. */
  async #isBound(): Promise<boolean> {
    if (this.#kept !== null && (await isServed(`${this.#directory}/${this.#kept}`))) {
      this.letGo();
      await restoreSocket(this.#directory, this.#link, this.#kept);
    }
    return (await kindOf(this.#path)) === 'socket' && isServed(this.#path);
  }

  get #path(): string {
    return `${this.#directory}/${this.#link}`;
  }
}

function connected(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => {
      socket.destroy();
      resolve(null);
    });
  });
}

/** Each side's end and each side's failure is the other's. */
function splice(client: Socket, server: Socket): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', (failed) => {
      if (failed) to.destroy();
    });
    from.pipe(to);
  }
}
