import PQueue from 'p-queue';

import type { EndedRun, Run } from '../../compiler/cron/fold.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import { jitterDelayMs } from '../../compiler/cron/jitter.ts';
import { beginRun, type JobRun } from './begin-run.ts';
import { followRun, REMOVED, type Followed } from './follow-run.ts';
import { endWords } from './job-lines.ts';
import type { Ledger } from './ledger.ts';
import { wordsOf } from './outage.ts';
import { tellEnd } from './tell-end.ts';
import type { RunWorld } from './world.ts';

/** Containers that are removed at the same time. */
const REMOVALS_AT_ONCE = 2;

/** From a call that the engine failed to the next try at that run. */
const AGAIN_MS = 30_000;

/** The longest that the rest of a run waits for those that are to be started. */
const QUIET_MS = 300_000;

/** How a run ended, and its container; null: none was started. */
interface OverRun {
  readonly followed: Followed;
  readonly id: string | null;
}

/**
 * Carries out what has begun, from its container to its removal, each run by itself. What the agent's end cuts off is left as
 * it is.
 */
export class Runs {
  readonly #world: RunWorld;
  readonly #ledger: Ledger;
  readonly #onEnd: (job: JobKey) => void;
  readonly #removals = new PQueue({ concurrency: REMOVALS_AT_ONCE });

  /** `onEnd`: a run's end is written down. */
  constructor(world: RunWorld, ledger: Ledger, onEnd: (job: JobKey) => void) {
    this.#world = world;
    this.#ledger = ledger;
    this.#onEnd = onEnd;
  }

  /** From where it stands to the removal of its container; resolves when its end is written down. `isFresh`: nobody can have made it yet. */
  carryOut(job: JobKey, run: Run, isFresh: boolean): Promise<void> {
    return new Promise((settle) => {
      this.#background(() => this.#carriedOut(job, run, isFresh, settle));
    });
  }

  async #carriedOut(job: JobKey, run: Run, isFresh: boolean, settle: () => void): Promise<void> {
    const { run: number, by, beganMs, isStarted } = run;
    const own: JobRun = { job, run: number, dueMs: by === null ? run.dueMs : null, beganMs, isStarted };
    const { followed, id } = await this.#follow(own, isFresh);
    const { end, log } = followed;
    await this.#ledger.write([{ type: 'ended', job, run: run.run, ...end }]);
    this.#world.note(`${job} ${run.run} ${endWords(followed)}`);
    settle();
    this.#onEnd(job);
    await this.#finish(job, { ...run, end }, log, id);
  }

  /** The rest of a run whose end is written down: whoever was killed may not have told anybody yet. */
  finish(job: JobKey, run: EndedRun, id: string): void {
    this.#background(() => this.#finish(job, run, '', id));
  }

  /** Removes a container that nobody needs. */
  remove(id: string): void {
    this.#background(() => this.#remove(id));
  }

  /** A run that nobody follows would hold up its job for ever: what the engine cannot do now is tried again. */
  async #untilDone<T>({ job, run }: JobRun, work: (isFirst: boolean) => Promise<T>): Promise<T> {
    const { stop, note, clock } = this.#world;
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await work(isFirst);
      } catch (error) {
        stop.throwIfAborted();
        note(`${job} ${run} cannot be followed, and is looked for again: ${wordsOf(error)}`);
        await clock.sleep(AGAIN_MS, stop);
      }
    }
  }

  async #follow(run: JobRun, isFresh: boolean): Promise<OverRun> {
    const { clock, starts, stop } = this.#world;
    await clock.sleep(this.#delayMs(run), stop);
    const priority = -(run.dueMs ?? run.beganMs);
    const begun = await this.#untilDone(run, (isFirst) =>
      starts.add(() => beginRun(this.#world, run, isFresh && isFirst), { priority }),
    );
    stop.throwIfAborted();
    if (begun === undefined) throw new Error('a queue gave nothing back');
    if (begun.kind === 'started') {
      if (!run.isStarted) {
        const { job, run: number } = run;
        void this.#ledger.write([
          { type: 'started', job, run: number, atMs: Math.floor(this.#world.clock.wallMs()) },
        ]);
      }
      // Whoever removes its container meanwhile does not make it run again.
      const followed = await this.#untilDone(run, () => followRun(this.#world, run, begun));
      return { followed, id: begun.id };
    }
    const end = {
      atMs: Math.floor(this.#world.clock.wallMs()),
      result: begun.kind === 'gone' ? 'lost' : 'not-started',
      exitCode: null,
      tookMs: 0,
      why: begun.kind === 'gone' ? REMOVED : begun.why,
    } as const;
    return { followed: { end, log: '' }, id: null };
  }

  /** Of a job with a jitter, from when it is due; the same for the same run, whoever asks. */
  #delayMs({ job, dueMs }: JobRun): number {
    const jitterMs = this.#world.templateOf(job)?.spec.jitterMs ?? 0;
    if (dueMs === null || jitterMs === 0) return 0;
    const delayMs = jitterDelayMs(job, dueMs, jitterMs);
    return Math.min(delayMs, Math.max(0, dueMs + delayMs - this.#world.clock.wallMs()));
  }

  async #finish(job: JobKey, run: EndedRun, log: string, id: string | null): Promise<void> {
    await this.#quiet();
    await tellEnd(this.#world, { ...run, job, log });
    if (id !== null) await this.#remove(id);
  }

  /** What waits to be started comes first, but not for ever: files out of a container and its removal are the engine's dearest calls. */
  async #quiet(): Promise<void> {
    const { starts, clock, stop } = this.#world;
    if (starts.size === 0) return;
    const given = new AbortController();
    const late = clock.sleep(QUIET_MS, AbortSignal.any([given.signal, stop]));
    await Promise.race([starts.onSizeLessThan(1), late]).finally(() => given.abort());
    late.catch(() => undefined);
  }

  async #remove(id: string): Promise<void> {
    const { outage, stop, engine } = this.#world;
    await this.#removals.add(async () => {
      await this.#quiet();
      await outage.outlast(stop, () => engine.removeContainer(id, { volumes: true }));
    });
  }

  #background(work: () => Promise<void>): void {
    const { stop, note } = this.#world;
    work().catch((error: unknown) => {
      if (!stop.aborted) note(`a run is lost sight of until the agent starts again: ${wordsOf(error)}`);
    });
  }
}
