import type { JobEngine } from '../../../src/runtime/cron/world.ts';
import type { CronStore } from '../../../src/runtime/cron/store.ts';

/** When a program is killed: at its n-th call (from 0), before that has any effect or after, without an answer in both cases. */
export interface Death {
  readonly at: number;
  readonly side: 'before' | 'after';
}

const NEVER = new Promise<never>(() => undefined);

/** One life of a program: what it does to the world outside goes through here, and ends with it. */
export class Life {
  readonly calls: string[] = [];
  readonly #death: Death | null;
  #onDeath: () => void = () => undefined;
  isOver = false;

  constructor(death: Death | null) {
    this.#death = death;
  }

  /** Resolves when it is killed. */
  readonly over = new Promise<void>((resolve) => {
    this.#onDeath = resolve;
  });

  end(): void {
    this.isOver = true;
    this.#onDeath();
  }

  engine(engine: JobEngine): JobEngine {
    return new Proxy(engine, {
      get: (target, name: keyof JobEngine) => {
        if (name === 'logs') return (...args: Parameters<JobEngine['logs']>) => this.#logs(target, args);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whichever it is, it is called with its own arguments
        const method = target[name] as (...args: unknown[]) => Promise<unknown>;
        return (...args: unknown[]) => this.call(name, () => method.apply(target, args));
      },
    });
  }

  store(store: CronStore): CronStore {
    return {
      read: () => this.call('read', () => store.read()),
      append: (records) => {
        const words = records.map(({ type, job }) => `${type} ${job}`).join(', ');
        return this.call(`append ${words}`, () => store.append(records));
      },
      keepLog: (job, run, output) => this.call('keepLog', () => store.keepLog(job, run, output)),
    };
  }

  async call<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.isOver) return NEVER;
    const mine = this.calls.push(name) - 1;
    const isLast = this.#death?.at === mine;
    if (isLast && this.#death?.side === 'before') this.end();
    if (this.isOver) return NEVER;
    const outcome = await work().then(
      (value) => () => value,
      (error: unknown) => () => {
        throw error;
      },
    );
    if (isLast) this.end();
    return this.isOver ? NEVER : outcome();
  }

  async *#logs(engine: JobEngine, args: Parameters<JobEngine['logs']>): ReturnType<JobEngine['logs']> {
    await this.call('logs', () => Promise.resolve());
    yield* engine.logs(...args);
  }
}
