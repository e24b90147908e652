import { labels } from '../../compiler/labels.ts';
import { hourAt } from '../../compiler/scale/hours.ts';
import { SCALE_LIMITS, type ScaleLimits } from '../../compiler/scale/limits.ts';
import {
  adviseScale,
  beginScaling,
  changed,
  changedBy,
  forgiven,
  type ScaleAdvice,
  type ScaleState,
} from '../../compiler/scale/policy.ts';
import type { ReportedScale, ScaleReport } from '../../compiler/scale/report.ts';
import { scaleRosterFrom, type ScaleEntry, type ScaleRoster } from '../../compiler/scale/roster.ts';
import { sourceText } from '../../compiler/scale/words.ts';
import { withAdopted } from '../adopt/with-adopted.ts';
import type { JobClock } from '../cron/job-clock.ts';
import { wordsOf } from '../cron/outage.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { LOCKED, type RunOwnCommand } from '../own-command.ts';
import {
  instancesOf,
  isAbove,
  isDoubtful,
  markOf,
  revisionsIn,
  runnerOf,
  serves,
} from './listed-instances.ts';
import { measure, MeasureMemory, type Measured, type MeasureWorld } from './measure.ts';
import { askedOnce } from './usage-meter.ts';

/** Where nothing says what is scaled, it is asked again this often even if nothing happens. */
const ASK_MS = 60_000;

/** The same where it does not agree with what there is: it may have been asked before a change had come to its end. */
const DOUBT_MS = 300_000;

/** However short the file's own times are, it is looked no more often. */
const SHORTEST_MS = 1_000;

/** What scaling works in. */
export interface ScaleWorld extends MeasureWorld {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers' | 'usage' | 'exec'>;
  readonly clock: JobClock;
  /** Runs `stack scale` with these words, to its end. */
  readonly run: RunOwnCommand;
  /** Keeps what was seen, for whoever asks; null: nothing is scaled, whatever was kept before. */
  readonly keep: (report: ScaleReport | null) => Promise<void>;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
  readonly limits?: ScaleLimits;
}

/**
 * Measures what the numbers of instances follow, and has them changed by a command of its own each time (ADR 0024). Resolves when it
 * is stopped; what cannot be measured or asked is tried again.
 */
export async function scaleAlong(world: ScaleWorld): Promise<void> {
  const scaler = new Scaler(world);
  let said = '';
  while (!world.stop.aborted) {
    try {
      await scaler.look();
      said = '';
    } catch (error) {
      const why = wordsOf(error);
      if (!world.stop.aborted && why !== said) world.note(`nothing is scaled: ${why}`);
      said = why;
    }
    if (!scaler.isBehind) await world.clock.sleep(scaler.restMs, world.stop).catch(() => undefined);
  }
}

/** A container, and what it came to. */
interface Looked {
  readonly entry: ScaleEntry;
  readonly reported: ReportedScale;
  readonly advice: ScaleAdvice;
}

class Scaler {
  readonly #world: ScaleWorld;
  readonly #limits: ScaleLimits;
  readonly #memory = new MeasureMemory();
  #roster: ScaleRoster | null = null;
  /** What the engine had when the roster was asked for last; null: that says nothing of it any more. */
  #mark: string | null = null;
  #askedMs = -Infinity;
  /** How long the last look took, with what it changed: a command may take half a minute, and so may a stop. */
  #tookMs = 0;
  #isBehind = false;
  #states = new Map<string, ScaleState>();
  /** Whether something is kept, which an agent before this one may have done. */
  #isKept = true;

  constructor(world: ScaleWorld) {
    this.#world = world;
    this.#limits = world.limits ?? SCALE_LIMITS;
  }

  /** Until the next look: as the limits say, or as often as what is scaled needs. */
  get restMs(): number {
    const spans = (this.#roster?.containers ?? []).flatMap(({ pace: { up, down, cooldownMs } }) =>
      [up.afterMs, down.afterMs, cooldownMs].filter((ms) => ms > 0),
    );
    return Math.max(SHORTEST_MS, Math.min(this.#limits.sampleMs, ...spans));
  }

  /** Whether the next look is due already: what the last one changed took longer than the pause between two. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Looks once, and has done what is due. */
  async look(): Promise<void> {
    const { engine, stack, clock } = this.#world;
    this.#isBehind = false;
    const isAny = this.#roster?.containers.length !== 0;
    const own = [`${labels.stack}=${stack}`];
    const list = async () => withAdopted(engine, await engine.listContainers(own));
    // Where nothing is scaled, only another revision can change that.
    const before = isAny ? await list() : await engine.listContainers([...own, `${labels.role}=revision`]);
    const isRenewed = await this.#renew(before, markOf(before, isAny));
    const roster = this.#roster;
    if (roster === null) return;
    if (roster.containers.length === 0) return this.#forget();
    // To ask takes a while: an apply may have come to its end meanwhile, or made what the roster names.
    const rows = isRenewed ? await list() : before;
    const beganMs = clock.now();
    const looked = await Promise.all(
      roster.containers.map((entry) => this.#lookAt(entry, rows, roster.idle === null)),
    );
    this.#tookMs = clock.now() - beganMs;
    const ids = new Set(rows.map(({ id }) => id));
    this.#memory.keep(ids);
    await this.#tell(roster, looked);
    if (roster.idle === null) await this.#changeAll(looked, roster);
  }

  /**
   * One after the other, those first that wait for more. What was decided longer ago than a pause is not true any more: it is
   * decided again, at once.
   */
  async #changeAll(looked: readonly Looked[], roster: ScaleRoster): Promise<void> {
    const { clock, stop } = this.#world;
    const decidedMs = clock.now();
    const isOld = () => clock.now() - decidedMs > this.restMs;
    const due = looked.filter(({ advice }) => advice.to !== null);
    let told = looked;
    for (const one of [...due.filter(goesUp), ...due.filter((each) => !goesUp(each))]) {
      if (stop.aborted || isOld()) break;
      const reported = await this.#change(one);
      if (reported === null) return;
      told = told.map((other) => (other.entry === one.entry ? { ...other, reported } : other));
      await this.#tell(roster, told);
    }
    this.#isBehind = isOld();
    // The next look sees this one as the one before it, however long that was.
    this.#tookMs += clock.now() - decidedMs;
  }

  /** Asked again once containers have come or gone, or another revision is kept; gives whether it was. */
  async #renew(rows: readonly ContainerSummary[], mark: string): Promise<boolean> {
    const { run, note, clock, stop } = this.#world;
    const before = this.#roster;
    const againMs =
      before === null || before.idle !== null ? ASK_MS : isDoubtful(before, rows) ? DOUBT_MS : Infinity;
    if (mark === this.#mark && clock.now() < this.#askedMs + againMs) return false;
    this.#askedMs = clock.now();
    this.#mark = mark;
    const { code, stdout } = await run(['--roster']);
    if (stop.aborted) return true;
    const roster = code === 0 ? scaleRosterFrom(stdout) : null;
    if (roster === null && before !== null) note('nothing says what is scaled: it is asked again');
    this.#roster = roster;
    // From now on less is looked at.
    if (roster?.containers.length === 0) this.#mark = revisionsIn(mark);
    const states = new Map<string, ScaleState>();
    for (const { key, last } of roster?.containers ?? []) {
      const changedMs = last === null ? null : Math.min(last.at + this.#aheadMs, clock.now());
      const known = this.#states.get(key);
      const state = known === undefined ? beginScaling(changedMs) : changedBy(known, changedMs);
      states.set(key, roster?.revision === before?.revision ? state : forgiven(state));
    }
    this.#states = states;
    return true;
  }

  /** How far the clock that nobody sets is ahead of the one that people see: that was set, or went on while the machine slept. */
  get #aheadMs(): number {
    const { clock } = this.#world;
    return clock.now() - clock.wallMs();
  }

  async #lookAt(entry: ScaleEntry, rows: readonly ContainerSummary[], isScaled: boolean): Promise<Looked> {
    const { clock, engine } = this.#world;
    // Processor and memory come with the same answer.
    const world = { ...this.#world, engine: { ...engine, usage: askedOnce(engine) } };
    const beganMs = clock.now();
    const own = instancesOf(entry, rows);
    const isPaused = own.some(({ state }) => state === 'paused');
    const serving = own.filter(serves).map(({ id }) => id);
    const measured = await Promise.all(
      entry.sources.map((source): Promise<Measured> => {
        const runner = source.kind === 'command' ? runnerOf(source.container, rows) : null;
        return measure(source, entry, { serving, runner }, world, this.#memory);
      }),
    );
    const aheadMs = this.#aheadMs;
    const hour = hourAt(entry, clock.wallMs());
    const since = { ...hour, sinceMs: hour.sinceMs === null ? null : hour.sinceMs + aheadMs };
    const atMs = clock.now();
    const look = {
      atMs,
      count: entry.count,
      serving: serving.length,
      readings: measured.map((one) => one.reading),
    };
    const before = this.#states.get(entry.key) ?? beginScaling(null);
    const limits = { ...this.#limits, sampleMs: this.restMs + Math.max(this.#tookMs, atMs - beganMs) };
    const found = adviseScale(before, look, { pace: entry.pace, hour: since }, limits);
    const advice = isPaused
      ? resting(found)
      : isAbove(entry, rows)
        ? tidying(found, entry.count, atMs)
        : found;
    this.#states.set(entry.key, advice.state);
    const { notBeforeMs, failures } = advice.state;
    const reported: ReportedScale = {
      key: entry.key,
      count: entry.count,
      serving: serving.length,
      min: hour.min,
      max: hour.max,
      sources: measured.map((one) => one.reported),
      rest: isPaused ? 'paused' : advice.to === null ? advice.because : isScaled ? 'changing' : 'idle',
      failures,
      notBeforeMs: notBeforeMs > atMs ? notBeforeMs - aheadMs : null,
    };
    return { entry, reported, advice };
  }

  /** Gives what is reported of it from then on; null: nothing, since it is stopped. */
  async #change({ entry, reported, advice }: Looked): Promise<ReportedScale | null> {
    const { run, note, clock, stop } = this.#world;
    const { key, count: from, pace } = entry;
    const { to } = advice;
    if (to === null) return null;
    const why = whyWords(advice, reported);
    note(from === to ? `${key}: ${why}` : `scaling ${key} from ${from} to ${to}: ${why}`);
    const { code } = await run(['--by-agent', '--from', String(from), '--why', why, `${key}=${to}`]);
    if (stop.aborted) return null;
    if (code === LOCKED) note('somebody changes the stack: scaled later');
    else if (code !== 0) note(`${key} could not be scaled: what is above tells why`);
    const result = code === 0 ? 'done' : code === LOCKED ? 'locked' : 'failed';
    const state = changed(advice.state, { from, to, result }, clock.now(), pace, this.#limits);
    this.#states.set(key, state);
    // What it is now, the journal tells.
    this.#mark = null;
    const { failures, notBeforeMs } = state;
    const rest = result === 'done' ? 'changed' : 'failed';
    const count = result === 'done' ? to : from;
    return {
      ...reported,
      // What was measured was of as many as there were.
      sources: result === 'done' ? [] : reported.sources,
      count,
      rest,
      failures,
      notBeforeMs: notBeforeMs > clock.now() ? notBeforeMs - this.#aheadMs : null,
    };
  }

  async #tell({ idle }: ScaleRoster, looked: readonly Looked[]): Promise<void> {
    const atMs = Math.round(this.#world.clock.wallMs());
    const containers = looked.map(({ reported }) => reported);
    this.#isKept = true;
    await this.#world.keep({ version: 1, atMs, idle, containers });
  }

  /** Nobody should be told of what is not scaled any more. */
  async #forget(): Promise<void> {
    if (!this.#isKept) return;
    await this.#world.keep(null);
    this.#isKept = false;
  }
}

function goesUp({ entry, advice: { to } }: Looked): boolean {
  return to !== null && to > entry.count;
}

function resting({ state }: ScaleAdvice): ScaleAdvice {
  return { state, to: null, because: 'settled' };
}

/** What was made by a scaling that was cut off goes again, unless it is wanted by now. */
function tidying(found: ScaleAdvice, count: number, nowMs: number): ScaleAdvice {
  if (found.to !== null || nowMs < found.state.notBeforeMs) return found;
  return { state: found.state, to: count, because: 'cut off' };
}

function whyWords({ because }: ScaleAdvice, { sources }: ReportedScale): string {
  if (because === 'clock') return 'by the clock';
  if (because === 'cut off') return 'what a scaling that was cut off has made goes';
  return sources.map(sourceText).join(', ');
}
