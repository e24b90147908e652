import type { Timetable } from './calendar.ts';

/** A job's schedule as people read it: `30 3 * * * (Europe/Rome)`; two lines as `0 3 1 * * or 0 3 * * 1 (UTC)`. */
export function scheduleWords({ schedule, timezone }: Timetable): string {
  return `${schedule.join(' or ')} (${timezone})`;
}
