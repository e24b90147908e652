import type { Handed, HoldRequest } from '../runtime/agent/agent-session.ts';
import { guardLink } from './guard.ts';
import { Hold } from './hold.ts';
import { Lease } from './lease.ts';

/** Long enough for whoever bound the name before to be stopped, by hand too. */
const GUARD_MS = 24 * 3_600_000;

/** What the agent's first process does between requests, so that it outlives the session that asked for it. */
export class Keeper {
  readonly lease = new Lease();
  readonly #guards = new Map<string, () => void>();
  readonly #holds = new Map<string, Hold>();

  /** Puts a published link back whenever it goes missing, until somebody else decides what has its name. */
  guard(directory: string, link: string, to: string): void {
    this.release(directory, link);
    this.#guards.set(`${directory}/${link}`, guardLink(directory, link, to, GUARD_MS));
  }

  /** Takes a published name's place, and keeps what comes there. */
  async hold(directory: string, link: string, how: HoldRequest): Promise<void> {
    const path = `${directory}/${link}`;
    this.release(directory, link);
    const hold =
      this.#holds.get(path) ?? new Hold(directory, link, how.as, () => void this.#holds.delete(path));
    this.#holds.set(path, hold);
    await hold.begin(how);
  }

  /** Publishes `to` where something is held, and hands that over. Null: nothing is, or nobody could take it in `waitMs`. */
  async handOver(directory: string, link: string, to: string, waitMs: number): Promise<Handed | null> {
    return (await this.#holds.get(`${directory}/${link}`)?.release(to, waitMs)) ?? null;
  }

  /** Something is kept there, for nobody yet. */
  isHeld(directory: string, link: string): boolean {
    return this.#holds.get(`${directory}/${link}`)?.keeps ?? false;
  }

  /** From here on somebody else says what has the name. What is held there waits for whoever that is. */
  release(directory: string, name: string): void {
    const path = `${directory}/${name}`;
    this.#guards.get(path)?.();
    this.#guards.delete(path);
    this.#holds.get(path)?.letGo();
  }
}
