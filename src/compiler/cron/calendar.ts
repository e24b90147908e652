import type { JobSpec } from './job.ts';
import { expandLine, type CronLine } from './line.ts';
import { DAY_MS, zoneOf, type Stretch, type Zone } from './zone.ts';

/** When a job runs. */
export type Timetable = Pick<JobSpec, 'schedule' | 'timezone'>;

/** A change of local time from here on, in milliseconds, is a new time base for every job (cron(8)): nothing is made up for. */
export const FAR_MS = 3 * 3_600_000;

const MINUTE_MS = 60_000;

/** Years in which a date comes that comes at all: 29 February falls on each weekday at least once in 40, whatever century ends in them. */
const MOST_YEARS = 48;

/**
 * The instants at which a job is due, in milliseconds since the epoch: later than one, up to and with the other, ascending, each once
 * however many lines match.
 *
 * Where local time jumps by less than three hours it is as Debian's cron(8) says. A job at fixed times ({@link isFixedTime}) whose time
 * is skipped runs right after the jump, and in a doubled hour the first time only; every other job follows the clock: nothing in the
 * skipped hour, both times in the doubled one. Where Debian starts such a job once for each of its skipped times, all of them in the same
 * minute, here one run stands for them all (`30,45 2 * * *` runs once, at 3:00), and for the job's own run at that minute.
 * A longer jump, such as a zone's that crosses the date line, is a new time base: what it skips does not run, what it repeats runs again.
 *
 * Throws `RangeError` for a time zone that is none, and node-cron's error for a line that is none; `jobFrom` gives no such job.
 */
export function occurrences(job: Timetable, afterMs: number, untilMs: number): readonly number[] {
  if (!(afterMs < untilMs)) return [];
  const zone = zoneOf(job.timezone);
  const from = earliestDay(zone, afterMs);
  const until = latestDay(zone, untilMs);
  const found: number[] = [];
  for (const text of job.schedule) {
    const line = expandLine(text);
    for (let day = from; day <= until; day += 1) {
      if (!isDayOf(line, day)) continue;
      for (const at of instantsOn(line, zone, day)) if (at > afterMs && at <= untilMs) found.push(at);
    }
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

/** The first of a job's {@link occurrences} after an instant; null where there is none, as of 30 February. Throws like it. */
export function nextOccurrence(job: Timetable, afterMs: number): number | null {
  const zone = zoneOf(job.timezone);
  const firsts = job.schedule.map((text) => nextOf(expandLine(text), zone, afterMs));
  return firsts.reduce((a, b) => (a === null || b === null ? (a ?? b) : Math.min(a, b)), null);
}

function nextOf(line: CronLine, zone: Zone, afterMs: number): number | null {
  const from = earliestDay(zone, afterMs);
  const end = from + MOST_YEARS * 366;
  let [next, until]: [number | null, number] = [null, end];
  for (let day = from; day <= until; day += 1) {
    if (!line.months.has(new Date(day * DAY_MS).getUTCMonth() + 1)) {
      day = lastOfMonth(day);
      continue;
    }
    if (!isDayOf(line, day)) continue;
    const own = instantsOn(line, zone, day).filter((at) => at > afterMs);
    if (own.length === 0) continue;
    next = Math.min(next ?? Infinity, ...own);
    // Where clocks go back over midnight, the begin of a day comes before the end of the one before it.
    if (until === end) until = day + 2;
  }
  return next;
}

/** The first local day that may have an instant after this one. */
function earliestDay(zone: Zone, afterMs: number): number {
  const offsets = zone.around(Math.floor(afterMs / DAY_MS)).map(({ offsetMs }) => offsetMs);
  return Math.floor((afterMs + Math.min(...offsets)) / DAY_MS);
}

/** The last local day that may have an instant up to this one. */
function latestDay(zone: Zone, untilMs: number): number {
  const offsets = zone.around(Math.floor(untilMs / DAY_MS)).map(({ offsetMs }) => offsetMs);
  return Math.floor((untilMs + Math.max(...offsets)) / DAY_MS);
}

/** Days are counted from 1970-01-01, a Thursday. */
function isDayOf(line: CronLine, day: number): boolean {
  const date = new Date(day * DAY_MS);
  return (
    line.weekdays.has(date.getUTCDay()) &&
    line.months.has(date.getUTCMonth() + 1) &&
    line.days.has(date.getUTCDate())
  );
}

function lastOfMonth(day: number): number {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / DAY_MS - 1;
}

/** When a line runs for a local day; not always in order, where clocks change. */
function instantsOn(line: CronLine, zone: Zone, day: number): readonly number[] {
  const stretches = zone.around(day);
  const [only] = stretches;
  if (only !== undefined && stretches.length === 1)
    return line.minutes.map((minute) => day * DAY_MS + minute * MINUTE_MS - only.offsetMs);
  return line.minutes.flatMap((minute) =>
    instantsAt(day * DAY_MS + minute * MINUTE_MS, stretches, line.isFixed),
  );
}

/** When a job runs whose time is this local one, in milliseconds as if it were UTC. */
function instantsAt(localMs: number, stretches: readonly Stretch[], isFixed: boolean): readonly number[] {
  const shown = stretches.flatMap(({ fromMs, untilMs, offsetMs }) => {
    const at = localMs - offsetMs;
    return at >= fromMs && at < untilMs ? [at] : [];
  });
  if (!isFixed) return shown;
  if (shown.length > 0) return shown.filter((at, i) => i === 0 || at - (shown[i - 1] ?? at) >= FAR_MS);
  const jump = stretches.find(
    ({ fromMs, offsetMs }, i) =>
      localMs < fromMs + offsetMs && localMs >= fromMs + (stretches[i - 1]?.offsetMs ?? offsetMs),
  );
  const before = stretches[stretches.findIndex((each) => each === jump) - 1];
  return jump === undefined || before === undefined || jump.offsetMs - before.offsetMs >= FAR_MS
    ? []
    : [jump.fromMs];
}
