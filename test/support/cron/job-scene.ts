import type { JobSpec } from '../../../src/compiler/cron/job.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { unreachable } from '../../../src/compiler/unreachable.ts';
import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import { CronRunner } from '../../../src/runtime/cron/cron-runner.ts';
import type { JobClock } from '../../../src/runtime/cron/job-clock.ts';
import type { JobEngine } from '../../../src/runtime/cron/world.ts';
import type { Behaviour } from '../memory/behaviour.ts';
import { memoryEngine, type MemoryEngine } from '../memory-engine.ts';
import { plainConfig } from '../plain-config.ts';
import { virtualClock } from '../virtual-clock.ts';
import { MemoryCronStore } from './memory-store.ts';
import { Life, type Death } from './mortal.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** A job that runs each minute, one beside the other. */
export const everyMinute: JobSpec = {
  version: 1,
  schedule: ['* * * * *'],
  timezone: 'UTC',
  overlap: 'allow',
  timeoutMs: null,
  catchUp: false,
  jitterMs: 0,
};

/** What plays on an engine in memory: templates, and one agent after the other that runs the jobs. Time goes by as fast as it can. */
export class JobScene {
  readonly #virtual = virtualClock();
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #startMs: number;
  #setMs = 0;
  readonly store = new MemoryCronStore();
  readonly lines: string[] = [];
  readonly engine: MemoryEngine;
  readonly clock: JobClock;
  life = new Life(null);
  runner: CronRunner | null = null;
  #stop = new AbortController();

  constructor(start: string) {
    this.#startMs = Date.parse(start);
    const now = () => this.#virtual.now();
    const sleep: JobClock['sleep'] = (ms, signal) => this.#virtual.sleep(ms, signal);
    const wallMs = () => this.#startMs + this.#setMs + now();
    this.clock = { now, sleep, wallMs, upMs: now };
    this.engine = memoryEngine({
      clock: { now: wallMs, sleep },
      images: { 'shop:1': {}, 'shop:2': {} },
      behaviour: ({ labels: own }) =>
        this.#behaviours.get(own[labels.container] ?? '') ?? { exitAfterMs: 1000 },
    });
  }

  /** Creates the template of a job, as an apply would have. */
  async addJob(
    name: string,
    spec: Partial<JobSpec> = {},
    {
      does,
      suffix = 'template',
      generation = 1,
      ...more
    }: Partial<ContainerConfig> & {
      does?: Behaviour;
      suffix?: string;
      generation?: number;
    } = {},
  ): Promise<string> {
    if (does !== undefined) this.#behaviours.set(name, does);
    return this.engine.createContainer(
      plainConfig({
        name: `shop-${name}.${suffix}`,
        image: this.engine.image('shop:1') ?? '',
        ...more,
        labels: {
          [labels.stack]: 'shop',
          [labels.application]: 'shop',
          [labels.container]: name,
          [labels.instance]: name,
          [labels.generation]: String(generation),
          [labels.role]: 'template',
          [labels.job]: canonicalJson({ ...everyMinute, ...spec }),
          ...more.labels,
        },
      }),
    );
  }

  /** Starts an agent; the one before it is dead or stopped by then. */
  async startAgent(death: Death | null = null, engine: JobEngine = this.engine): Promise<Life> {
    this.life = new Life(death);
    this.#stop = new AbortController();
    this.runner = new CronRunner({
      stack: 'shop',
      engine: this.life.engine(engine),
      store: this.life.store(this.store),
      clock: this.clock,
      stop: this.#stop.signal,
      note: (line) => this.lines.push(line),
    });
    const { runner } = this;
    await this.play(runner.begin().then(() => runner.tick()));
    return this.life;
  }

  /** The agent is killed where it stands. */
  kill(): void {
    this.life.end();
    this.runner = null;
  }

  /** The agent is asked to end, and does. */
  async endAgent(): Promise<void> {
    this.#stop.abort();
    await this.runner?.settled();
    this.runner = null;
  }

  /** Asks the agent for something, by hand; rejects as it does. */
  async ask<T>(question: (runner: CronRunner) => Promise<T>): Promise<T> {
    if (this.runner === null) throw new Error('there is no agent');
    return this.#virtual.run(question(this.runner));
  }

  /** Lets time pass until the work is done, or whoever does it is dead. */
  async play<T>(work: Promise<T>): Promise<void> {
    await this.#virtual.run(Promise.race([work, this.life.over]));
  }

  /** The agent looks at the clock. */
  async look(): Promise<void> {
    if (this.runner !== null) await this.play(this.runner.tick());
  }

  /** Lets time pass; an agent that is there looks at the clock at each minute. */
  async pass(ms: number, everyMs = MINUTE_MS): Promise<void> {
    const endMs = this.clock.wallMs() + ms;
    const go = async (): Promise<void> => {
      while (this.clock.wallMs() < endMs) {
        const now = this.clock.wallMs();
        const next = Math.min(endMs, now - (now % everyMs) + everyMs);
        await this.clock.sleep(next - now);
        // Time goes by while it waits for an engine.
        if (next % everyMs === 0 && !this.life.isOver) this.runner?.tick().catch(() => undefined);
      }
    };
    await this.#virtual.run(go());
  }

  /** Somebody sets the clock. */
  setClock(byMs: number): void {
    this.#setMs += byMs;
  }

  get now(): string {
    return new Date(this.clock.wallMs()).toISOString();
  }

  /** The records, one a line, for people: `12:01:00 begun backup 1`. */
  told(...types: readonly CronRecord['type'][]): readonly string[] {
    // Starts are counted by the engine's calls.
    const wanted = (type: CronRecord['type']) =>
      types.length === 0 ? type !== 'started' : types.includes(type);
    return this.store.records.filter(({ type }) => wanted(type)).map(tell);
  }

  /** Names of the containers that are no templates, with their states. */
  runs(): readonly string[] {
    return this.engine
      .containers()
      .filter(({ labels: own }) => own[labels.role] === 'job')
      .map(({ name, state }) => `${name} ${state}`);
  }

  /** How often the container of each run was started, by its name. */
  starts(): ReadonlyMap<string, number> {
    const starts = new Map<string, number>();
    for (const { method, line } of this.engine.calls) {
      const [, name = ''] = line.split(' ');
      if (method === 'startContainer') starts.set(name, (starts.get(name) ?? 0) + 1);
    }
    return starts;
  }
}

/** What has waited is told with who asked for it. */
function askedBy({
  dueMs,
  by,
}: Extract<CronRecord, { readonly type: 'begun' | 'queued' }>): readonly string[] {
  return dueMs === null || by === null ? [] : [`by ${by.user}`];
}

function tell(record: CronRecord): string {
  const at = new Date(record.atMs).toISOString().slice(11, 19);
  const due =
    'dueMs' in record && record.dueMs !== null
      ? new Date(record.dueMs).toISOString().slice(11, 16)
      : 'by hand';
  const words = [at, record.type, record.job.replace('shop/', '')];
  switch (record.type) {
    case 'begun':
      return [...words, record.run, due, ...askedBy(record)].join(' ');
    case 'started':
      return [...words, record.run].join(' ');
    case 'ended':
      return [...words, record.run, record.result].join(' ');
    case 'queued':
      return [...words, due, ...askedBy(record)].join(' ');
    case 'skipped':
      return [...words, `${due}:`, record.why].join(' ');
    case 'missed':
      return [...words, record.count, record.caughtUp ? 'caught up' : 'left'].join(' ');
    case 'scheduled':
    case 'dropped':
    case 'paused':
    case 'resumed':
      return words.join(' ');
    default:
      return unreachable(record);
  }
}
