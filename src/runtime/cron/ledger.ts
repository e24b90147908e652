import { stateAfter, foldCron, type JobState } from '../../compiler/cron/fold.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { CronRecord } from '../../compiler/cron/record.ts';
import { systemError } from '../../agent/system-error.ts';
import type { Clock } from '../clock.ts';
import type { CronStore } from './store.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

interface Waiting {
  readonly records: readonly CronRecord[];
  readonly settle: () => void;
}

/**
 * What is known of all jobs, and the only way to change that: by a record, which is on the disk before anything is done because of
 * it. What is written at the same time shares one write.
 */
export class Ledger {
  readonly #store: CronStore;
  readonly #clock: Clock;
  readonly #note: (line: string) => void;
  #states = new Map<JobKey, JobState>();
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(store: CronStore, clock: Clock, note: (line: string) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#note = note;
  }

  /** Begins with what is on the disk. Rejects with the system's error. */
  async read(): Promise<void> {
    this.#states = new Map(foldCron(await this.#store.read()));
  }

  /** What its records tell of a job, those included that are still being written; undefined: nothing. */
  state(job: JobKey): JobState | undefined {
    return this.#states.get(job);
  }

  states(): readonly JobState[] {
    return [...this.#states.values()];
  }

  /** Known at once, on the disk when it resolves: a full disk is waited out. */
  write(records: readonly CronRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    for (const record of records) {
      this.#states.set(record.job, stateAfter(this.#states.get(record.job), record));
    }
    return new Promise((settle) => {
      this.#waiting.push({ records, settle });
      this.#writing ??= this.#flush();
    });
  }

  /** Resolves when nothing is left to be written. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #flush(): Promise<void> {
    // Whatever else is written in this turn of the event loop goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0);
      await this.#append(batch.flatMap(({ records }) => records));
      for (const { settle } of batch) settle();
    }
    // At once: whoever writes now must not take this one for still at work.
    this.#writing = null;
  }

  async #append(records: readonly CronRecord[]): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.#store.append(records);
        return;
      } catch (error) {
        this.#note(`nothing can be written down, and no job begins until it can: ${systemError(error)}`);
        await this.#clock.sleep(pauseMs);
      }
    }
  }
}
