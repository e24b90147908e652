import type { HealRoster } from '../../compiler/heal/roster.ts';
import type { ScaleReport } from '../../compiler/scale/report.ts';
import type { Clock } from '../clock.ts';
import type { JobNow } from '../cron/job-now.ts';
import { wordsOf } from '../cron/outage.ts';
import type { Engine } from '../engine.ts';
import { Exposition } from './exposition.ts';
import type { ProcessUse, ScrapeErrors, SOURCES } from './metric.ts';
import { StackTally } from './stack-tally.ts';
import { viewStack, type StackView } from './stack-view.ts';
import { watchRestarts } from './watch-restarts.ts';

/** An engine that takes longer counts as one that does not answer: whoever scrapes gives up after ten seconds. */
const ENGINE_MS = 5_000;

/** What metrics are made with. */
export interface ScrapeParts {
  readonly stack: string;
  readonly version: string;
  readonly engine: Pick<Engine, 'listContainers' | 'watchChanges'>;
  /** The folder with the stack's journal. */
  readonly folder: string;
  readonly clock: Clock & { readonly wallMs: () => number };
  readonly jobs: () => readonly JobNow[];
  readonly process: () => ProcessUse;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
}

/**
 * Makes a stack's metrics when they are asked for: by one list call of the engine, and by what was added to its journal and to
 * its record of jobs. Those who ask at the same time share one answer.
 */
export class Scraper {
  readonly #parts: ScrapeParts;
  readonly #exposition: Exposition;
  readonly #tally: StackTally;
  #roster: HealRoster | null = null;
  #scale: ScaleReport | null = null;
  #errors: ScrapeErrors = { counts: { engine: 0, journal: 0 }, lastMs: null };
  #told: Partial<Record<(typeof SOURCES)[number], string>> = {};
  #underWay: Promise<string> | null = null;

  private constructor(parts: ScrapeParts, tally: StackTally) {
    this.#parts = parts;
    this.#exposition = new Exposition(parts.stack);
    this.#tally = tally;
    void watchRestarts({ ...parts, onRestart: (container) => tally.restarts.add([container]) });
  }

  static async begin(parts: ScrapeParts): Promise<Scraper> {
    return new Scraper(parts, await StackTally.open(parts.folder));
  }

  get contentType(): string {
    return this.#exposition.contentType;
  }

  /** Null: nothing says what should run. */
  takeRoster(roster: HealRoster | null): void {
    this.#roster = roster;
  }

  /** Null: nothing is scaled by itself. */
  takeScale(report: ScaleReport | null): void {
    this.#scale = report;
  }

  text(): Promise<string> {
    this.#underWay ??= this.#scrape().finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  async #scrape(): Promise<string> {
    const { engine, stack, clock, jobs, process, version } = this.#parts;
    const tally = this.#tally;
    const [view] = await Promise.all([
      this.#tried('engine', () => within(clock, viewStack(engine, stack))),
      this.#tried('journal', () => tally.update()),
    ]);
    return this.#exposition.text({
      nowMs: clock.wallMs(),
      version,
      tally,
      view,
      wanted: this.#roster?.wanted ?? null,
      scale: this.#scale,
      jobs: jobs(),
      errors: this.#errors,
      process: process(),
    });
  }

  /** Null where it fails, which is counted, and told where it fails in another way than the last time. */
  async #tried<T>(source: (typeof SOURCES)[number], look: () => Promise<T>): Promise<T | null> {
    try {
      const found = await look();
      delete this.#told[source];
      return found;
    } catch (error) {
      const { counts } = this.#errors;
      this.#errors = {
        counts: { ...counts, [source]: counts[source] + 1 },
        lastMs: this.#parts.clock.wallMs(),
      };
      const why = wordsOf(error);
      if (this.#told[source] !== why) this.#parts.note(`metrics lack what the ${source} tells: ${why}`);
      this.#told[source] = why;
      return null;
    }
  }
}

async function within(clock: Clock, view: Promise<StackView>): Promise<StackView> {
  const over = new AbortController();
  const late = clock.sleep(ENGINE_MS, over.signal).then(() => {
    throw new Error(`no answer within ${ENGINE_MS / 1000} s`);
  });
  try {
    return await Promise.race([view, late]);
  } finally {
    over.abort();
    late.catch(() => undefined);
    view.catch(() => undefined);
  }
}
