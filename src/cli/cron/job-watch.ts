import { labels } from '../../compiler/labels.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { ContainerChange, Engine } from '../../runtime/engine.ts';
import type { Job } from './jobs.ts';

/** Between two looks where nothing has happened, in milliseconds: of what is only written down the engine tells nobody. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Hears from the engine what happens to the containers of a job's runs, so that nobody has to ask for them again and again. */
export class JobWatch {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #happened = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Settles once it hears; until `signal`. Rejects with `EngineError`. */
  static async open(
    engine: Pick<Engine, 'watchChanges'>,
    clock: Clock,
    stack: string,
    { application, container }: Pick<Job, 'application' | 'container'>,
    signal: AbortSignal,
  ): Promise<JobWatch> {
    const own = [
      `${labels.stack}=${stack}`,
      `${labels.role}=job`,
      `${labels.application}=${application}`,
      `${labels.container}=${container}`,
    ];
    const watch = new JobWatch(clock, signal);
    void watch.#listen(await engine.watchChanges(own, signal));
    return watch;
  }

  /** Looks at once, whenever something happens and now and then besides, until there is something; null: it took longer than `limitMs`. */
  async awaited<T>(look: () => Promise<T | null>, limitMs: number): Promise<T | null> {
    const until = this.#clock.now() + limitMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      this.#happened = false;
      const found = await look();
      const leftMs = until - this.#clock.now();
      if (found !== null || leftMs <= 0) return found;
      if (await this.#next(Math.min(pauseMs, leftMs))) pauseMs = FIRST_PAUSE_MS;
    }
  }

  /** Whether something has happened within so long. Rejects with the signal's reason. */
  async #next(limitMs: number): Promise<boolean> {
    this.#signal.throwIfAborted();
    if (this.#happened) return true;
    const rest = new AbortController();
    const resting = this.#clock.sleep(limitMs, AbortSignal.any([rest.signal, this.#signal]));
    const woken = new Promise<void>((wake) => {
      this.#wake = wake;
    });
    try {
      await Promise.race([resting, woken]);
    } finally {
      rest.abort();
      resting.catch(() => undefined);
    }
    return this.#happened;
  }

  async #listen(changes: AsyncIterable<ContainerChange>): Promise<void> {
    try {
      for await (const _ of changes) {
        this.#happened = true;
        this.#wake();
      }
    } catch {
      // Whoever waits looks now and then all the same, and hears of an engine that is gone.
    }
  }
}
