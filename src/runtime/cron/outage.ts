import { EngineError, type EngineErrorKind } from '../engine.ts';
import type { Clock } from '../clock.ts';

/** The engine may come back: it restarts, or is slow. */
const PASSING: ReadonlySet<EngineErrorKind> = new Set(['unreachable', 'timeout', 'cut-off', 'nonsense']);

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** Asks an engine that may go down and come back, again and again; says so once for all who ask. */
export class Outage {
  readonly #clock: Clock;
  readonly #note: (line: string) => void;
  #isOut = false;

  constructor(clock: Clock, note: (line: string) => void) {
    this.#clock = clock;
    this.#note = note;
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
    if (!this.#isOut) this.#note(`the engine does not answer (${wordsOf(error)}): asked again until it does`);
    this.#isOut = true;
  }

  #end(): void {
    if (this.#isOut) this.#note('the engine answers again');
    this.#isOut = false;
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
