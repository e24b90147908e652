const SECOND_MS = 1_000;

/** A day of UTC, and of every local calendar, in milliseconds. */
export const DAY_MS = 86_400_000;

/** A time in which a zone's offset stays the same. */
export interface Stretch {
  /** Its first instant; -Infinity where nobody has looked further. */
  readonly fromMs: number;
  /** The first instant after it; Infinity where nobody has looked further. */
  readonly untilMs: number;
  /** Local time minus UTC. */
  readonly offsetMs: number;
}

/** What a time zone's clocks do. */
export interface Zone {
  /** The stretches that have an instant of a local day, oldest first; the day in days since 1970-01-01, as local clocks count them. */
  readonly around: (day: number) => readonly Stretch[];
}

/** Bounds what a zone remembers: some eleven years. */
const MOST_DAYS = 4_000;

const zones = new Map<string, Zone>();

/**
 * A zone of the time zone database, as this program's `Intl` knows it: case does not matter. Asked once a day of UTC for its offset,
 * between two that differ for the second at which it changes. Throws `RangeError` for a name that is none.
 */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = makeZone(name);
  zones.set(name, zone);
  return zone;
}

function makeZone(name: string): Zone {
  const offsetAt = offsetsOf(name);
  const starts = new Map<number, number>();
  const startOf = (day: number): number => {
    const known = starts.get(day);
    if (known !== undefined) return known;
    if (starts.size >= MOST_DAYS) starts.clear();
    const offset = offsetAt(day * DAY_MS);
    starts.set(day, offset);
    return offset;
  };
  return {
    // No offset is as long as a day: a local day lies within three of UTC.
    around: (day) => {
      const offsets = [day - 1, day, day + 1, day + 2].map(startOf);
      const [first = 0, ...later] = offsets;
      if (later.every((offset) => offset === first)) return [stretch(-Infinity, Infinity, first)];
      const stretches = [stretch(-Infinity, Infinity, first)];
      for (let at = (day - 1) * DAY_MS; at < (day + 2) * DAY_MS; at += DAY_MS) {
        const end = startOf(at / DAY_MS + 1);
        for (let from = at; ; ) {
          const last = stretches.pop() ?? stretch(-Infinity, Infinity, first);
          if (last.offsetMs === end) {
            stretches.push(last);
            break;
          }
          const change = firstChange(offsetAt, from, at + DAY_MS, last.offsetMs);
          stretches.push({ ...last, untilMs: change }, stretch(change, Infinity, offsetAt(change)));
          from = change;
        }
      }
      return stretches;
    },
  };
}

/** What its clocks are ahead of UTC at an instant. Nobody is asked about UTC itself: the database takes 6 MB once it is. */
function offsetsOf(name: string): (ms: number) => number {
  if (name.toUpperCase() === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  return (ms) => offsetIn(format.format(ms));
}

function stretch(fromMs: number, untilMs: number, offsetMs: number): Stretch {
  return { fromMs, untilMs, offsetMs };
}

/** The first second whose offset is another one, between one that has it and one that has not. */
function firstChange(offsetAt: (ms: number) => number, from: number, until: number, offset: number): number {
  let [same, other] = [from, until];
  while (other - same > SECOND_MS) {
    const middle = same + Math.floor((other - same) / 2 / SECOND_MS) * SECOND_MS;
    if (offsetAt(middle) === offset) same = middle;
    else other = middle;
  }
  return other;
}

/** `11/23/2026, GMT+05:30`; of long ago `GMT-00:44:30`. */
function offsetIn(text: string): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * SECOND_MS;
  return sign === '-' ? -ms : ms;
}
