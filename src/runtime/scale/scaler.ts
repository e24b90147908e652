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
  /** Keeps what was seen, for whoever asks. */
  readonly keep: (report: ScaleReport) => Promise<void>;
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
    await world.clock.sleep(scaler.restMs, world.stop).catch(() => undefined);
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
  /** How long the last look took: a command may take half a minute. */
  #tookMs = 0;
  #states = new Map<string, ScaleState>();

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

  /** Looks once, and has done what is due. */
  async look(): Promise<void> {
    const { engine, stack } = this.#world;
    const isAny = this.#roster?.containers.length !== 0;
    const own = [`${labels.stack}=${stack}`];
    // Where nothing is scaled, only another revision can change that.
    const rows = isAny
      ? await withAdopted(engine, await engine.listContainers(own))
      : await engine.listContainers([...own, `${labels.role}=revision`]);
    await this.#renew(rows, markOf(rows, isAny));
    const roster = this.#roster;
    if (roster === null || roster.containers.length === 0) return;
    const beganMs = this.#world.clock.now();
    const looked = await Promise.all(
      roster.containers.map((entry) => this.#lookAt(entry, rows, roster.idle === null)),
    );
    this.#tookMs = this.#world.clock.now() - beganMs;
    const ids = new Set(rows.map(({ id }) => id));
    this.#memory.keep(ids);
    await this.#tell(roster, looked);
    if (roster.idle !== null) return;
    for (const one of looked)
      if (one.advice.to !== null && !this.#world.stop.aborted) await this.#change(one, looked, roster);
  }

  /** Asked again once containers have come or gone, or another revision is kept. */
  async #renew(rows: readonly ContainerSummary[], mark: string): Promise<void> {
    const { run, note, clock, stop } = this.#world;
    const before = this.#roster;
    const againMs =
      before === null || before.idle !== null ? ASK_MS : isDoubtful(before, rows) ? DOUBT_MS : Infinity;
    if (mark === this.#mark && clock.now() < this.#askedMs + againMs) return;
    this.#askedMs = clock.now();
    this.#mark = mark;
    const { code, stdout } = await run(['--roster']);
    if (stop.aborted) return;
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
  }

  /** How far the clock that nobody sets is ahead of the one that people see: that was set, or went on while the machine slept. */
  get #aheadMs(): number {
    const { clock } = this.#world;
    return clock.now() - clock.wallMs();
  }

  async #lookAt(entry: ScaleEntry, rows: readonly ContainerSummary[], isScaled: boolean): Promise<Looked> {
    const { clock, engine } = this.#world;
    // Processor and memory come with the same answer.
    const world = { ...this.#world, engine: { ...engine, usage: once(engine) } };
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

  async #change(one: Looked, all: readonly Looked[], roster: ScaleRoster): Promise<void> {
    const { run, note, clock, stop } = this.#world;
    const { entry, reported, advice } = one;
    const { key, count: from, pace } = entry;
    const { to } = advice;
    if (to === null) return;
    const why = whyWords(advice, reported);
    note(from === to ? `${key}: ${why}` : `scaling ${key} from ${from} to ${to}: ${why}`);
    const { code } = await run(['--by-agent', '--from', String(from), '--why', why, `${key}=${to}`]);
    if (stop.aborted) return;
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
    const over: ReportedScale = {
      ...reported,
      // What was measured was of as many as there were.
      sources: result === 'done' ? [] : reported.sources,
      count,
      rest,
      failures,
      notBeforeMs: notBeforeMs > clock.now() ? notBeforeMs - this.#aheadMs : null,
    };
    await this.#tell(
      roster,
      all.map((other) => (other === one ? { ...other, reported: over } : other)),
    );
  }

  async #tell({ idle }: ScaleRoster, looked: readonly Looked[]): Promise<void> {
    const atMs = Math.round(this.#world.clock.wallMs());
    const containers = looked.map(({ reported }) => reported);
    await this.#world.keep({ version: 1, atMs, idle, containers });
  }
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

/** Asks for each container once. */
function once(engine: ScaleWorld['engine']): ScaleWorld['engine']['usage'] {
  const asked = new Map<string, ReturnType<ScaleWorld['engine']['usage']>>();
  return (id) => {
    const usage = asked.get(id) ?? engine.usage(id);
    asked.set(id, usage);
    return usage;
  };
}
