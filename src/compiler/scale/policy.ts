import type { ScalePace } from '../spec/scale-spec.ts';
import type { Hour } from './hours.ts';
import type { ScaleLimits } from './limits.ts';
import { wantOf, type Look, type Want } from './reading.ts';
import { clamp } from './spec-counts.ts';

/** What scaling knows of one container; times in milliseconds since the epoch. It is a value: each function gives the next one. */
export interface ScaleState {
  /** What the looks have asked for, oldest first; no gap lies between them. */
  readonly wants: readonly Want[];
  /** When its number was changed last, by whomever; null: never. */
  readonly changedMs: number | null;
  /** When it went down last, for as long as that may have to be taken back. */
  readonly downMs: number | null;
  /** Steps down on end that had to be taken back. */
  readonly regrets: number;
  readonly failures: number;
  readonly notBeforeMs: number;
}

/** What is to be done, and why; or why nothing is. */
export type ScaleAdvice = {
  readonly state: ScaleState;
} & (
  | { readonly to: number; readonly because: 'load' | 'clock' | 'cut off' }
  | { readonly to: null; readonly because: ScaleRest }
);

/**
 * Why nothing is done. `settled`: as many as are wanted. `limit`: more are wanted than are allowed. `waiting`: not wanted for long
 * enough. `unmeasured`: nothing is known. `starting`: somebody is. `cooling`: it was changed just now. `failed`: the last try did.
 */
export type ScaleRest = 'settled' | 'limit' | 'waiting' | 'unmeasured' | 'starting' | 'cooling' | 'failed';

/** Looks that are further apart than so many of them are no unbroken row. */
const GAP = 3;

/** Nothing is known but when it was changed last: whoever begins waits as long as everybody before an instance goes. */
export function beginScaling(changedMs: number | null): ScaleState {
  return { wants: [], changedMs, downMs: null, regrets: 0, failures: 0, notBeforeMs: 0 };
}

/** Somebody else has changed the number: the state knows when. */
export function changedBy(state: ScaleState, changedMs: number | null): ScaleState {
  return changedMs === null || changedMs <= (state.changedMs ?? 0) ? state : { ...state, changedMs };
}

/** Another revision runs: what made the last tries fail may be mended. */
export function forgiven(state: ScaleState): ScaleState {
  return { ...state, failures: 0, notBeforeMs: 0 };
}

/** What to do about a look. `hour`: the limits that hold now. */
export function adviseScale(
  before: ScaleState,
  look: Look,
  { pace, hour }: { readonly pace: ScalePace; readonly hour: Hour },
  limits: ScaleLimits,
): ScaleAdvice {
  const { count, atMs, readings, serving } = look;
  const state = seen(before, look, pace, limits);
  if (atMs < state.notBeforeMs) return { state, to: null, because: 'failed' };
  const byClock = clockWants(state, count, readings.length > 0, hour);
  if (byClock !== count) return { state, to: byClock, because: 'clock' };
  const want = state.wants.at(-1);
  if (want === undefined) return { state, to: null, because: 'settled' };
  if (want.up === null) return { state, to: null, because: 'unmeasured' };
  const rest = (because: ScaleRest): ScaleAdvice => ({ state, to: null, because });
  if (want.up > count) {
    if (count >= hour.max) return rest('limit');
    if (state.changedMs !== null && atMs < state.changedMs + pace.cooldownMs) return rest('cooling');
    const least = leastUp(state.wants, count, atMs - pace.up.afterMs);
    if (least === null) return rest('waiting');
    return { state, to: clamp(least, count + 1, Math.min(count + pace.up.step, hour.max)), because: 'load' };
  }
  if (serving < count) return rest('starting');
  if (want.down >= count || count <= hour.min) return rest('settled');
  const afterMs = downAfterMs(state, pace, limits);
  // Where steps down were taken back, what is measured tells nothing of the next: each waits as long.
  const restMs = state.regrets === 0 ? pace.cooldownMs : Math.max(pace.cooldownMs, afterMs);
  if (state.changedMs !== null && atMs < state.changedMs + restMs) return rest('cooling');
  const most = mostDown(state.wants, atMs - afterMs);
  if (most === null || most >= count) return rest('waiting');
  return { state, to: clamp(most, Math.max(count - pace.down.step, hour.min), count - 1), because: 'load' };
}

/** What came of a change: `locked` is no try. */
export function changed(
  state: ScaleState,
  {
    from,
    to,
    result,
  }: { readonly from: number; readonly to: number; readonly result: 'done' | 'failed' | 'locked' },
  nowMs: number,
  pace: ScalePace,
  limits: ScaleLimits,
): ScaleState {
  if (result === 'locked') return { ...state, notBeforeMs: nowMs + limits.lockedMs };
  if (result === 'failed') {
    const waitMs = Math.min(limits.longestMs, limits.backoffMs * 2 ** state.failures);
    return { ...state, failures: state.failures + 1, notBeforeMs: nowMs + waitMs };
  }
  if (to === from) return { ...state, failures: 0, notBeforeMs: 0 };
  const done = { ...state, changedMs: nowMs, failures: 0, notBeforeMs: 0 };
  if (to < from) return { ...done, downMs: nowMs };
  const isRegret = state.downMs !== null && nowMs <= state.downMs + regretMs(state, pace, limits);
  return { ...done, downMs: null, regrets: isRegret ? state.regrets + 1 : state.regrets };
}

/** How long nobody may have been wanted before one goes: longer each time that a step down had to be taken back. */
function downAfterMs(
  { regrets }: Pick<ScaleState, 'regrets'>,
  { down }: ScalePace,
  { regretMs: mostMs }: ScaleLimits,
): number {
  return regrets === 0 ? down.afterMs : Math.max(down.afterMs, Math.min(mostMs, down.afterMs * 2 ** regrets));
}

/** How long a step down must have held to have been right. */
function regretMs(state: ScaleState, pace: ScalePace, limits: ScaleLimits): number {
  return 2 * downAfterMs(state, pace, limits) + pace.cooldownMs;
}

/** The state with another look; what nobody asks for any more is forgotten. */
function seen(state: ScaleState, look: Look, pace: ScalePace, limits: ScaleLimits): ScaleState {
  const { atMs, readings } = look;
  const { downMs } = state;
  const hasHeld = downMs !== null && atMs > downMs + regretMs(state, pace, limits);
  const settled = hasHeld ? { ...state, downMs: null, regrets: Math.max(0, state.regrets - 1) } : state;
  if (readings.length === 0) return settled;
  const last = state.wants.at(-1);
  const isRow = last !== undefined && atMs >= last.atMs && atMs - last.atMs <= GAP * limits.sampleMs;
  const sinceMs = atMs - Math.max(downAfterMs(settled, pace, limits), pace.up.afterMs);
  const row = isRow ? state.wants : [];
  // The one before the span shows that the row covers all of it.
  const first = Math.max(
    0,
    row.findLastIndex((want) => want.atMs <= sinceMs),
  );
  return { ...settled, wants: [...row.slice(first), wantOf(look, limits.tolerance)] };
}

/** Without a source, its hour's least number, from the begin of the hour until somebody changes it. */
function clockWants({ changedMs }: ScaleState, count: number, isMeasured: boolean, hour: Hour): number {
  const within = clamp(count, hour.min, hour.max);
  const isNew = hour.sinceMs !== null && hour.sinceMs > (changedMs ?? -Infinity);
  return !isMeasured && isNew ? hour.min : within;
}

/** The least that was asked for without a break since then, above what there is; null: it was not. */
function leastUp(wants: readonly Want[], count: number, sinceMs: number): number | null {
  let least: number | null = null;
  for (const { atMs, up } of wants.toReversed()) {
    if (up === null || up <= count) return null;
    least = Math.min(least ?? Infinity, up);
    if (atMs <= sinceMs) return least;
  }
  return null;
}

/** The most that would have done at any time since then; null: the row does not reach so far back. */
function mostDown(wants: readonly Want[], sinceMs: number): number | null {
  const first = wants[0];
  if (first === undefined || first.atMs > sinceMs) return null;
  const from = wants.findLastIndex(({ atMs }) => atMs <= sinceMs);
  return Math.max(...wants.slice(from).map(({ down }) => down));
}
