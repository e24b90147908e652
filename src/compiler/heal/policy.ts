import type { ContainerKey, InstanceKey } from '../desired/desired-state.ts';
import { unreachable } from '../unreachable.ts';
import type { Condition } from './condition.ts';
import type { HealLimits } from './limits.ts';
import type { HealRoster, RosterInstance } from './roster.ts';

/** What is known of one instance; times in milliseconds since the epoch. */
interface Watched {
  readonly instance: RosterInstance;
  /** What is wrong with it; null: nothing. */
  readonly trouble: Trouble | null;
  readonly sinceMs: number;
  /** When it ended, within the span of a loop. */
  readonly endsMs: readonly number[];
  readonly healedMs: readonly number[];
  readonly notBeforeMs: number;
}

/** What may be wrong with an instance. `cut off`: it is well, but its last healing has left something half done. */
export type Trouble = 'gone' | 'ended' | 'unpublished' | 'unhealthy' | 'looping' | 'cut off';

/** What healing knows. It is a value: each function gives the next one. */
export interface HealState {
  readonly revision: number;
  /** When the engine came up, or the agent, which cannot tell. */
  readonly engineUpMs: number;
  /** How often it was refused on end since somebody else changes the stack. */
  readonly refusals: number;
  readonly watched: ReadonlyMap<InstanceKey, Watched>;
}

/** What is to be done now, and when to look again. */
export interface Advice {
  readonly state: HealState;
  /** Instances that are to be brought back, and those that run and are to be replaced. */
  readonly heal: readonly RosterInstance[];
  readonly replace: readonly RosterInstance[];
  /** Broken, and left alone: they broke again too often. */
  readonly left: readonly RosterInstance[];
  /** Unhealthy, and left alone: so are all others of their container, or whom they need is down. */
  readonly spared: readonly RosterInstance[];
  /** What is wrong with each of these. */
  readonly troubles: ReadonlyMap<InstanceKey, Trouble>;
  /** When something may be due that is not now; null: not before something happens. */
  readonly wakeMs: number | null;
}

/**
 * Takes up a roster. What is known of the same revision stays known; with another one all begins anew: an apply is a new chance
 * for everybody.
 */
export function takeUp(roster: HealRoster, before: HealState | null, nowMs: number): HealState {
  const isSame = before?.revision === roster.revision;
  const watched = roster.instances.map((instance): [InstanceKey, Watched] => {
    const known = isSame ? before.watched.get(instance.key) : undefined;
    // Of a clock that was set back since: nothing was healed later than now.
    const healedMs = instance.healedMs.map((atMs) => Math.min(atMs, nowMs));
    const blank = { trouble: null, sinceMs: nowMs, endsMs: [], healedMs, notBeforeMs: nowMs };
    return [instance.key, { ...(known ?? blank), instance }];
  });
  return {
    revision: roster.revision,
    engineUpMs: before?.engineUpMs ?? nowMs,
    refusals: 0,
    watched: new Map(watched),
  };
}

/** The engine came up again: what it starts by itself is its own business for a while. */
export function engineCameUp(state: HealState, nowMs: number): HealState {
  const watched = [...state.watched].map(([key, one]): [InstanceKey, Watched] => [
    key,
    { ...one, endsMs: [], trouble: null },
  ]);
  return { ...state, engineUpMs: nowMs, watched: new Map(watched) };
}

/** One of them ended. */
export function ended(state: HealState, key: InstanceKey, nowMs: number, { loopMs }: HealLimits): HealState {
  return changed(state, [key], (one) => ({
    ...one,
    endsMs: [...one.endsMs.filter((atMs) => atMs > nowMs - loopMs), nowMs],
  }));
}

/** What came of bringing some of them back: `locked` is no try. */
export function healed(
  state: HealState,
  keys: readonly InstanceKey[],
  result: 'tried' | 'locked',
  nowMs: number,
  limits: HealLimits,
): HealState {
  if (result === 'locked') {
    const waitMs = doubled(limits.lockedMs, state.refusals, limits.longestMs);
    const later = changed(state, keys, (one) => ({ ...one, notBeforeMs: nowMs + waitMs }));
    return { ...later, refusals: state.refusals + 1 };
  }
  const tried = changed(state, keys, (one) => {
    const healedMs = [...one.healedMs.filter((atMs) => atMs > nowMs - limits.quietMs), nowMs];
    const waitMs = doubled(limits.backoffMs, healedMs.length - 1, limits.longestMs);
    const instance = { ...one.instance, cutOff: false };
    return { ...one, instance, healedMs, notBeforeMs: nowMs + waitMs, endsMs: [], trouble: null };
  });
  return { ...tried, refusals: 0 };
}

/** What to do about how all of them are now. */
export function advise(
  state: HealState,
  conditions: ReadonlyMap<InstanceKey, Condition>,
  nowMs: number,
  limits: HealLimits,
): Advice {
  const watched = new Map(
    [...state.watched].map(([key, before]): [InstanceKey, Watched] => {
      const trouble = troubleOf(conditions.get(key) ?? 'gone', before, nowMs, limits);
      return [key, { ...before, trouble, sinceMs: trouble === before.trouble ? before.sinceMs : nowMs }];
    }),
  );
  const together = new Together([...watched.values()], conditions);
  const heal: RosterInstance[] = [];
  const replace: RosterInstance[] = [];
  const left: RosterInstance[] = [];
  const spared: RosterInstance[] = [];
  const troubles = new Map<InstanceKey, Trouble>();
  const wakes: number[] = [];
  for (const [key, one] of watched) {
    const { trouble, sinceMs } = one;
    if (trouble === null) continue;
    troubles.set(key, trouble);
    if (isTooOften(one.healedMs, nowMs, limits)) {
      left.push(one.instance);
      wakes.push((one.healedMs.at(-1) ?? nowMs) + limits.quietMs);
      continue;
    }
    const dueMs = Math.max(
      sinceMs + (trouble === 'unhealthy' ? limits.unhealthyMs : limits.settleMs),
      state.engineUpMs + limits.engineGraceMs,
      one.notBeforeMs,
    );
    if (dueMs > nowMs) wakes.push(dueMs);
    else if (trouble === 'unhealthy' && together.isSpared(one.instance)) spared.push(one.instance);
    else if (trouble === 'unhealthy' && !together.takesTurn(one.instance)) continue;
    else (trouble === 'unhealthy' || trouble === 'looping' ? replace : heal).push(one.instance);
  }
  const wakeMs = wakes.length === 0 ? null : Math.min(...wakes);
  return { state: { ...state, watched }, heal, replace, left, spared, troubles, wakeMs };
}

/**
 * Who is unhealthy beside whom. A new one is no better where the reason lies elsewhere: with the database that is down, all that
 * ask it are unhealthy together, and to replace them makes the outage longer.
 */
class Together {
  readonly #all: readonly Watched[];
  readonly #conditions: ReadonlyMap<InstanceKey, Condition>;
  readonly #turns = new Set<ContainerKey>();

  constructor(all: readonly Watched[], conditions: ReadonlyMap<InstanceKey, Condition>) {
    this.#all = all;
    this.#conditions = conditions;
  }

  /** Whether replacing an unhealthy one would mend nothing. */
  isSpared({ container, needs }: RosterInstance): boolean {
    const siblings = this.#all.filter(({ instance }) => instance.container === container);
    const isSick = ({ trouble, instance }: Watched): boolean =>
      trouble === 'unhealthy' || this.#conditions.get(instance.key) === 'starting';
    if (siblings.length > 1 && siblings.every(isSick)) return true;
    return this.#all.some(
      ({ instance }) => needs.includes(instance.container) && this.#conditions.get(instance.key) !== 'well',
    );
  }

  /** One of a container after the other: true for the first that asks. */
  takesTurn({ container }: RosterInstance): boolean {
    if (this.#turns.has(container)) return false;
    this.#turns.add(container);
    return true;
  }
}

/** Whether so many healings are too many for another one now; they are in order. */
export function isTooOften(
  healedMs: readonly number[],
  nowMs: number,
  { most, quietMs }: Pick<HealLimits, 'most' | 'quietMs'>,
): boolean {
  const lastMs = healedMs.at(-1);
  if (lastMs === undefined || nowMs >= lastMs + quietMs) return false;
  return healedMs.filter((atMs) => atMs > lastMs - quietMs).length >= most;
}

function troubleOf(
  condition: Condition,
  { instance: { replaceable, cutOff }, endsMs }: Watched,
  nowMs: number,
  { loopEnds, loopMs }: HealLimits,
): Trouble | null {
  switch (condition) {
    case 'gone':
    case 'ended':
    case 'unpublished':
      return condition;
    case 'unhealthy':
      return replaceable ? 'unhealthy' : null;
    case 'well':
    case 'starting':
    case 'restarting': {
      const ends = endsMs.filter((atMs) => atMs > nowMs - loopMs).length;
      if (replaceable && ends >= loopEnds) return 'looping';
      return cutOff && condition === 'well' ? 'cut off' : null;
    }
    case 'away':
      return null;
    default:
      return unreachable(condition);
  }
}

function doubled(firstMs: number, times: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** times);
}

function changed(
  state: HealState,
  keys: readonly InstanceKey[],
  change: (one: Watched) => Watched,
): HealState {
  const watched = new Map(state.watched);
  for (const key of keys) {
    const one = watched.get(key);
    if (one !== undefined) watched.set(key, change(one));
  }
  return { ...state, watched };
}
