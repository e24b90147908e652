import { FAR_MS, occurrences, type Timetable } from './calendar.ts';
import { isFixedTime } from './line.ts';

/** What is later than this, in milliseconds, is missed; a clock that is set by no more has not been set. */
export const LATEST_MS = 60_000;

/** Of a longer outage only the end is looked at, in milliseconds: a year. */
const MOST_MS = 366 * 86_400_000;

/** A look at the clock, and what is due by it. */
export interface Tick {
  readonly job: Timetable;
  /** Up to where the job's time has been dealt with: {@link Due.handledMs} of the tick before, at first the record's. */
  readonly handledMs: number;
  /** By the clock that people see. */
  readonly nowMs: number;
  /**
   * The tick before this one, in the same process; null: this is the first. `elapsedMs`: the time since, by a clock that nobody sets
   * and that goes on while the machine sleeps (`os.uptime()`), so that a sleep is an outage and no change of the clock.
   */
  readonly before: { readonly nowMs: number; readonly elapsedMs: number } | null;
}

/** What a tick finds. */
export interface Due {
  /** What is to run, ascending. */
  readonly due: readonly number[];
  /** What nobody was there to run; null: nothing. */
  readonly missed: Missed | null;
  /** Up to where the job's time has been dealt with now; later than the clock's time where that was set back. */
  readonly handledMs: number;
}

/** Runs that have not been, by the instants at which they were due. */
export interface Missed {
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * What of a job is due at a tick: all since the last one, what is later than {@link LATEST_MS} as missed. Where somebody has set the
 * clock it is as cron(8) says. By less than three hours: a job at fixed times runs once for all that was skipped, and not again until
 * the clock is past what has been dealt with; every other one goes by the new time at once. By more: so does every job.
 */
export function dueBetween({ job, handledMs, nowMs, before }: Tick): Due {
  const isFixed = job.schedule.every(isFixedTime);
  const aheadMs = handledMs - nowMs;
  const setBack = aheadMs > LATEST_MS;
  const skippedMs = before === null ? 0 : nowMs - before.nowMs - before.elapsedMs;
  const setForward = skippedMs > LATEST_MS;
  const isFar = aheadMs >= FAR_MS || skippedMs >= FAR_MS;

  if ((setBack || setForward) && (isFar || !isFixed)) {
    const base = nowMs - (before?.elapsedMs ?? 0);
    return found(job, setBack ? base : Math.max(base, handledMs), nowMs);
  }
  if (setForward) {
    const skipped = occurrences(job, Math.max(handledMs, nowMs - MOST_MS), nowMs);
    return { due: skipped.slice(-1), missed: null, handledMs: Math.max(handledMs, nowMs) };
  }
  return found(job, handledMs, nowMs);
}

function found(job: Timetable, handledMs: number, nowMs: number): Due {
  const all = occurrences(job, Math.max(handledMs, nowMs - MOST_MS), nowMs);
  const late = all.filter((at) => nowMs - at > LATEST_MS);
  const [firstMs] = late;
  const lastMs = late.at(-1);
  return {
    due: all.slice(late.length),
    missed: firstMs === undefined || lastMs === undefined ? null : { count: late.length, firstMs, lastMs },
    handledMs: Math.max(handledMs, nowMs),
  };
}
