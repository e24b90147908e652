import { guardLink } from './guard.ts';

/** Long enough for whoever bound the name before to be stopped, by hand too. */
const GUARD_MS = 24 * 3_600_000;

/** What the agent's first process does between requests, so that it outlives the session that asked for it. */
export class Keeper {
  readonly #guards = new Map<string, () => void>();

  /** Puts a published link back whenever it goes missing, until somebody else decides what has its name. */
  guard(directory: string, link: string, to: string): void {
    this.release(directory, link);
    this.#guards.set(`${directory}/${link}`, guardLink(directory, link, to, GUARD_MS));
  }

  /** From here on somebody else says what has the name. */
  release(directory: string, name: string): void {
    const path = `${directory}/${name}`;
    this.#guards.get(path)?.();
    this.#guards.delete(path);
  }
}
