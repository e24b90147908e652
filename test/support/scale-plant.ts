import type { Hour } from '../../src/compiler/scale/hours.ts';
import { SCALE_LIMITS, type ScaleLimits } from '../../src/compiler/scale/limits.ts';
import { adviseScale, beginScaling, changed, type ScaleState } from '../../src/compiler/scale/policy.ts';
import type { Reading } from '../../src/compiler/scale/reading.ts';
import type { ScalePace } from '../../src/compiler/spec/scale-spec.ts';

/** As the reference says. */
const DEFAULT_PACE: ScalePace = {
  up: { step: 4, afterMs: 30_000 },
  down: { step: 1, afterMs: 300_000 },
  cooldownMs: 60_000,
};

/** What is scaled in simulated time: how much there is to do, and what is measured of it. */
export interface Plant {
  /** What there is to do, as instances that it would keep at their target, by seconds since the begin. */
  readonly load: (second: number) => number;
  /** What is measured with so many instances serving; null: nothing is. Called once a look, in order. */
  readonly measure: (load: number, serving: number, second: number) => Reading | null;
}

export interface Scene {
  readonly minutes: number;
  readonly from: number;
  readonly min?: number;
  readonly max?: number;
  /** Seconds from a change until a new instance serves. */
  readonly bootS?: number;
  readonly pace?: ScalePace;
  readonly limits?: ScaleLimits;
  /** Whether a change that begins in that second fails. */
  readonly fails?: (second: number) => boolean;
  /** Seconds at which whoever scales is started anew, and knows nothing. */
  readonly restarts?: readonly number[];
}

/** A change of the number, or a try of one. */
export interface Move {
  readonly second: number;
  readonly from: number;
  readonly to: number;
  readonly failed: boolean;
}

export interface Trace {
  readonly moves: readonly Move[];
  /** The number at the end of each minute. */
  readonly counts: readonly number[];
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

/** Plays a scene: a look every 15 s, what is decided is done at once, and new instances serve when they have started. */
export function play({ load, measure }: Plant, scene: Scene): Trace {
  const { minutes, min = 1, max = 20, bootS = 20, pace = DEFAULT_PACE, limits = SCALE_LIMITS } = scene;
  const hour: Hour = { min, max, sinceMs: null, untilMs: null };
  const stepS = limits.sampleMs / 1000;
  const moves: Move[] = [];
  const counts: number[] = [];
  let count = scene.from;
  let starting: readonly number[] = [];
  let state: ScaleState = beginScaling(null);
  for (let second = 0; second < minutes * 60; second += stepS) {
    const atMs = EPOCH_MS + second * 1000;
    if (scene.restarts?.includes(second) === true) state = beginScaling(state.changedMs);
    starting = starting.filter((readyS) => readyS > second);
    const serving = count - starting.length;
    const reading = measure(load(second), serving, second) ?? { target: 1, total: null, missing: 0 };
    const advice = adviseScale(state, { atMs, count, serving, readings: [reading] }, { pace, hour }, limits);
    state = advice.state;
    if (advice.to !== null) {
      const failed = scene.fails?.(second) === true;
      const [from, to] = [count, advice.to];
      moves.push({ second, from, to, failed });
      state = changed(state, { from, to, result: failed ? 'failed' : 'done' }, atMs, pace, limits);
      if (!failed) {
        starting = [...starting, ...Array.from({ length: Math.max(0, to - from) }, () => second + bootS)];
        count = to;
      }
    }
    if (second % 60 === 0) counts.push(count);
  }
  return { moves, counts };
}

/** Use of a processor, in percent of what the instances may use: at most all of it. The target is 60 %. */
export function cpu(load: Plant['load'], jitter: (second: number) => number = () => 1): Plant {
  const target = 60;
  return {
    load,
    measure: (wanted, serving, second) => {
      const each = serving === 0 ? 0 : Math.min(100, (wanted * target * jitter(second)) / serving);
      return { target, total: each * serving, missing: 0 };
    },
  };
}

/** A queue: `load` jobs for one instance come in the time in which one instance does one. Its length is measured, 100 for one. */
export function queue(load: Plant['load'], eachPerS = 10, stepS = SCALE_LIMITS.sampleMs / 1000): Plant {
  let length = 0;
  return {
    load,
    measure: (wanted, serving) => {
      length = Math.max(0, length + (wanted - serving) * eachPerS * stepS);
      return { target: 100, total: length, missing: 0 };
    },
  };
}

/** Turns of direction: a change down after one up, or up after one down. */
export function turns(moves: readonly Move[]): number {
  const done = moves.filter(({ failed }) => !failed).map(({ from, to }) => Math.sign(to - from));
  return done.filter((way, i) => i > 0 && way !== done[i - 1]).length;
}

/** Numbers that look like chance and are the same each time (a linear congruence, as in Numerical Recipes). */
export function noise(seed: number, width: number): (second: number) => number {
  let last = seed;
  return () => {
    last = (Math.imul(last, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + width * ((last / 2 ** 32) * 2 - 1);
  };
}
