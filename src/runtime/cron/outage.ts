import { EngineError, type EngineErrorKind } from '../engine.ts';
import type { Clock } from '../clock.ts';

/** The engine may come back: it restarts, or is slow. */
const PASSING: ReadonlySet<EngineErrorKind> = new Set(['unreachable', 'timeout', 'cut-off', 'nonsense']);

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * An engine that is asked in vain for so long may be there again at a new socket: an engine that goes on with its containers (`live-restore`) makes
 * another file, and who has the old one mounted asks nobody. Whoever is started again gets the new one.
 */
const LOST_MS = 60_000;

/** Asks an engine that may go down and come back, again and again; says so once for all who ask. */
export class Outage {
  readonly #clock: Clock;
  readonly #note: (line: string) => void;
  readonly #onLost: () => void;
  #outSince: number | null = null;

  /** `onLost`: the engine has not answered for a minute. */
  constructor(clock: Clock, note: (line: string) => void, onLost: () => void = () => undefined) {
    this.#clock = clock;
    this.#note = note;
    this.#onLost = onLost;
  }

  /** Settles as `work` does once the engine answers it. Rejects with the signal's reason when that comes first. */
  async outlast<T>(stop: AbortSignal, work: () => Promise<T>): Promise<T> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      stop.throwIfAborted();
      try {
        const result = await work();
        this.#end();
        return result;
      } catch (error) {
        if (!isPassing(error)) {
          this.#end();
          throw error;
        }
        this.begin(error);
        await this.#clock.sleep(pauseMs, stop);
      }
    }
  }

  /** The engine has not answered. */
  begin(error: unknown): void {
    const now = this.#clock.now();
    if (this.#outSince === null)
      this.#note(`the engine does not answer (${wordsOf(error)}): asked again until it does`);
    this.#outSince ??= now;
    if (now - this.#outSince >= LOST_MS) this.#onLost();
  }

  #end(): void {
    if (this.#outSince !== null) this.#note('the engine answers again');
    this.#outSince = null;
  }
}

/** Whether an engine that goes down and comes back may have been the reason. */
export function isPassing(error: unknown): boolean {
  return error instanceof EngineError && PASSING.has(error.kind);
}

/** What an error says. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
