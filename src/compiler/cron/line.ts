import { parse } from 'node-cron';

/** A line of a schedule, its fields as the values that they match. */
export interface CronLine {
  /** Minutes since local midnight at which it runs, ascending. */
  readonly minutes: readonly number[];
  /** 1 to 31. */
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 (Sunday) to 6. */
  readonly weekdays: ReadonlySet<number>;
  readonly isFixed: boolean;
}

/** Bounds what is remembered. */
const MOST_LINES = 5_000;

const lines = new Map<string, CronLine>();

/**
 * What a line of five fields matches, by node-cron: a day must match day, month *and* weekday (`scheduleLines` makes two lines of what
 * crontab(5) joins by *or*). A date that no month has matches never. Throws node-cron's error for what is no such line.
 */
export function expandLine(text: string): CronLine {
  const known = lines.get(text);
  if (known !== undefined) return known;
  const line = expand(text);
  if (lines.size >= MOST_LINES) lines.clear();
  lines.set(text, line);
  return line;
}

function expand(text: string): CronLine {
  const fields = text.split(' ');
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields;
  if (fields.length !== 5) throw new Error(`\`${text}\` is no line of five fields`);
  const {
    minute: minutes,
    hour: hours,
    month: months,
    dayOfWeek,
  } = parse(`${minute} ${hour} * ${month} ${weekday}`);
  // Apart: node-cron refuses 30 February, which cron(8) only never comes to.
  const { dayOfMonth } = parse(`* * ${day} * *`);
  return {
    minutes: ascending(hours.flatMap((each) => minutes.map((one) => each * 60 + one))),
    days: numbers(dayOfMonth),
    months: new Set(months),
    weekdays: numbers(dayOfWeek),
    isFixed: isFixedTime(text),
  };
}

function ascending(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}

/** `L` and its like are node-cron's own, and no field of a stack file. */
function numbers(values: readonly (number | string)[]): ReadonlySet<number> {
  return new Set(values.filter((value) => typeof value === 'number'));
}

/**
 * Whether a line runs at fixed times, as cron(8) has it: neither its minute nor its hour starts with `*`. Such a job is made up for
 * when clocks skip its time; one of every few minutes simply goes on.
 */
export function isFixedTime(line: string): boolean {
  const [minute = '*', hour = '*'] = line.split(' ');
  return !minute.startsWith('*') && !hour.startsWith('*');
}
