import { groupBy } from '../group-by.ts';
import type { OperationRecord, Told } from './record.ts';

/** What earlier applies tell of a container; null for what none does. */
export interface Times {
  /** From its start to the end of its gate, of those whose gate followed at once. */
  readonly startMs: number | null;
  /** From the stop signal to its end. */
  readonly stopMs: number | null;
  /** From the begin of its stop to the end of its successor's gate, where that started after it: with all between them. */
  readonly awayMs: number | null;
  /** From the begin of the hold until what came was handed over. */
  readonly heldMs: number | null;
  /** Until nobody was connected any more. */
  readonly drainMs: number | null;
  /** How its last stop went. */
  readonly lastStop: LastStop | null;
  /** The longest time in which what was under way came to its end. */
  readonly inFlightMs: number | null;
}

/** The end of its last stop. */
export interface LastStop extends Omit<Extract<Told, { readonly kind: 'stop' }>, 'kind'> {
  /** Connections that were left before it; null: nobody counted. */
  readonly open: number | null;
  /** How long they had had to end; null: nobody counted. */
  readonly drainedMs: number | null;
}

/** Nothing has been measured. */
export const NO_TIMES: Times = {
  startMs: null,
  stopMs: null,
  awayMs: null,
  heldMs: null,
  drainMs: null,
  lastStop: null,
  inFlightMs: null,
};

type Drained = Extract<Told, { readonly kind: 'drain' }>;

/** Applies that count for {@link Times.inFlightMs}. */
const RECENT = 5;

/** How long a drain goes on after the last connection, in milliseconds: a connect may have looked the path up before it moved. */
export const QUIET_MS = 250;

/** How much later than the end of a start its gate begins where it waits for nobody. */
const AT_ONCE_MS = 250;

/** The times of each container, by `application/container`. Each is that of the last apply which has one, its longest. */
export function timesOf(records: readonly OperationRecord[]): ReadonlyMap<string, Times> {
  const byContainer = new Map<string, OperationRecord[]>();
  for (const record of records) {
    if (record.container === null || record.result !== 'done') continue;
    const known = byContainer.get(record.container);
    if (known === undefined) byContainer.set(record.container, [record]);
    else known.push(record);
  }
  return new Map([...byContainer].map(([container, own]) => [container, timesOfOne(own)]));
}

function timesOfOne(records: readonly OperationRecord[]): Times {
  // Last first.
  const applies = [...groupBy(records, ({ apply }) => apply).values()].toReversed();
  const last = (measure: (records: readonly OperationRecord[]) => readonly number[]): number | null => {
    const found = applies.map(measure).find((lengths) => lengths.length > 0);
    return found === undefined ? null : Math.max(...found);
  };
  const inFlight = applies.slice(0, RECENT).flatMap(inFlights);
  return {
    startMs: last(starts),
    stopMs: last((own) => of(own, 'container.stop').map(({ tookMs }) => tookMs)),
    awayMs: last(absences),
    heldMs: last(holds),
    drainMs: last((own) => own.flatMap(({ told }) => (told?.kind === 'drain' ? [told.ms] : []))),
    lastStop: applies.map(lastStopOf).find((stop) => stop !== null) ?? null,
    inFlightMs: inFlight.length === 0 ? null : Math.max(...inFlight),
  };
}

/**
 * A gate that is asked again later says nothing of the start. Nor does one that began late: its instance started ahead,
 * and waited for the one before it.
 */
function starts(records: readonly OperationRecord[]): readonly number[] {
  const gates = groupBy(of(records, 'container.gate'), generationOf);
  return of(records, 'container.start').flatMap((start) => {
    const [gate] = gates.get(generationOf(start)) ?? [];
    if (gate === undefined || gate.atMs - start.atMs - start.tookMs > AT_ONCE_MS) return [];
    return [gate.atMs + gate.tookMs - start.atMs];
  });
}

/** Of instances whose next generation starts once the one before it has stopped. */
function absences(records: readonly OperationRecord[]): readonly number[] {
  const begun = of(records, 'container.start');
  const gates = groupBy(of(records, 'container.gate'), generationOf);
  return of(records, 'container.stop').flatMap((stop) => {
    const next = begun.find(
      (start) =>
        start.instance === stop.instance &&
        start.generation !== stop.generation &&
        start.atMs >= stop.atMs + stop.tookMs,
    );
    const [gate] = next === undefined ? [] : (gates.get(generationOf(next)) ?? []);
    return gate === undefined ? [] : [gate.atMs + gate.tookMs - stop.atMs];
  });
}

function holds(records: readonly OperationRecord[]): readonly number[] {
  const publishes = of(records, 'socket.publish');
  return of(records, 'socket.hold').flatMap((hold) => {
    const end = publishes.find(({ instance, atMs }) => instance === hold.instance && atMs >= hold.atMs);
    return end === undefined ? [] : [end.atMs + end.tookMs - hold.atMs];
  });
}

function lastStopOf(records: readonly OperationRecord[]): LastStop | null {
  const drains = lastDrains(records);
  const stops = of(records, 'container.stop').flatMap((record) => {
    if (record.told?.kind !== 'stop') return [];
    const { forced, limitMs, made } = record.told;
    const drain = drains.get(generationOf(record)) ?? null;
    return [{ forced, limitMs, made, open: drain?.open ?? null, drainedMs: drain?.ms ?? null }];
  });
  // The worst counts for all of an apply: one that had to be forced, else the one that left most open.
  const [worst] = stops.toSorted(
    (a, b) => Number(b.forced) - Number(a.forced) || (b.open ?? 0) - (a.open ?? 0),
  );
  return worst ?? null;
}

/** What was connected when the drain began came to its end in it, or by the stop after it. */
function inFlights(records: readonly OperationRecord[]): readonly number[] {
  const drains = lastDrains(records);
  return of(records, 'container.stop').flatMap((stop) => {
    const drain = drains.get(generationOf(stop)) ?? null;
    if (stop.told?.kind !== 'stop' || stop.told.forced) return [];
    if (drain === null) return [stop.tookMs];
    if (drain.open === 0) return [Math.max(0, drain.ms - QUIET_MS)];
    return drain.open === null ? [] : [drain.ms + stop.tookMs];
  });
}

/** By generation. */
function lastDrains(records: readonly OperationRecord[]): ReadonlyMap<string, Drained> {
  return new Map(
    records.flatMap((record) =>
      record.told?.kind === 'drain' ? [[generationOf(record), record.told] as const] : [],
    ),
  );
}

function of(records: readonly OperationRecord[], op: string): readonly OperationRecord[] {
  return records.filter((record) => record.op === op);
}

function generationOf({ instance, generation }: OperationRecord): string {
  return `${instance} ${generation}`;
}
