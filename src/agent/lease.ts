import type { Holder, LeaseAnswer, LeaseRequest } from '../runtime/agent/agent-session.ts';

/** Without a word of its holder for so long, a lease is over: three words and a little were missed. */
const EXPIRES_MS = 12_000;

interface Held {
  readonly request: LeaseRequest;
  /** The connection that it ends with. */
  readonly peer: object;
  renewedAt: number;
  doing: string | null;
}

/** Who may change the stack: one at a time. In the memory of the agent's first process; who holds it takes it again after that. */
export class Lease {
  readonly #now: () => number;
  #held: Held | null = null;
  /** Who had it last; whoever lost it must not go on where somebody else has been. */
  #last: string | null = null;
  #freedAt: number | null = null;

  /** Milliseconds of a clock that no one sets. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Takes it, or says again that it is held, from another connection too. */
  take(request: LeaseRequest, peer: object): LeaseAnswer {
    const held = this.#current();
    if (held !== null && held.request.id !== request.id) return { granted: false, holder: holderOf(held) };
    const isTaken = this.#last !== null && this.#last !== request.id;
    if (held === null && request.again && isTaken) return { granted: false, holder: null };
    const idleMs = this.#freedAt === null ? null : this.#now() - this.#freedAt;
    this.#held = { request, peer, renewedAt: this.#now(), doing: held?.doing ?? null };
    this.#last = request.id;
    return { granted: true, idleMs };
  }

  /** Whether somebody may go on; a word of theirs. Null: they may. */
  goOn(id: string, doing: string | null): { readonly holder: Holder | null } | null {
    const held = this.#current();
    if (held === null) return this.#last === null || this.#last === id ? null : { holder: null };
    if (held.request.id !== id) return { holder: holderOf(held) };
    held.renewedAt = this.#now();
    held.doing = doing ?? held.doing;
    return null;
  }

  holder(): Holder | null {
    const held = this.#current();
    return held === null ? null : holderOf(held);
  }

  free(id: string): void {
    if (this.#held?.request.id === id) this.#end();
  }

  /** A connection is over. */
  leave(peer: object): void {
    if (this.#held?.peer === peer) this.#end();
  }

  /** Takes it away from who holds it, who does not get it back. False: somebody else holds it by now, or nobody. */
  unlock(id: string): boolean {
    if (this.#current()?.request.id !== id) return false;
    this.#end();
    this.#last = '';
    return true;
  }

  #current(): Held | null {
    if (this.#held !== null && this.#now() - this.#held.renewedAt > EXPIRES_MS) this.#end();
    return this.#held;
  }

  #end(): void {
    this.#held = null;
    this.#freedAt = this.#now();
  }
}

function holderOf({ request, doing }: Held): Holder {
  const { id, user, host, mark, command, since } = request;
  return { id, user, host, mark, command, since, doing };
}
