import { parsed, unparsed, type Parsed } from './parsed.ts';

/** The five fields of a schedule, in the order of crontab(5). */
export const CRON_FIELDS = ['minute', 'hour', 'day', 'month', 'weekday'] as const;

/** A field's name. */
export type CronField = (typeof CRON_FIELDS)[number];

const RANGES: Readonly<Record<CronField, readonly [number, number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  month: [1, 12],
  // 7 is Sunday too.
  weekday: [0, 7],
};

const NAMES: Readonly<Partial<Record<CronField, readonly string[]>>> = {
  month: ['', 'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  weekday: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
};

/**
 * Reads one field: `*`, a number or an English three-letter name, a range, each with `/step`, or a list of those.
 * Gives the field with numbers for names and 0 for Sunday.
 */
export function parseCronField(field: CronField, text: string): Parsed<string> {
  const items: string[] = [];
  let start = 0;
  for (const item of text.split(',')) {
    const read = parseItem(field, item);
    if (read === null) {
      const [low, high] = RANGES[field];
      return unparsed(
        item === '' ? `the ${field} is missing` : `\`${item}\` cannot be the ${field}`,
        item === '' ? Math.max(start - 1, 0) : start,
        Math.max(start + item.length, 1),
        `the ${field} is \`*\` or ${low} to ${high}, ranges (\`1-5\`), steps (\`*/10\`) and lists of those`,
      );
    }
    items.push(read);
    start += item.length + 1;
  }
  return parsed(items.join(','));
}

function parseItem(field: CronField, item: string): string | null {
  const match = /^(?:(\*)|([a-z]{3}|\d{1,2})(?:-([a-z]{3}|\d{1,2}))?)(?:\/(\d{1,2}))?$/i.exec(item);
  if (match === null) return null;
  const [, star, firstText, lastText, stepText] = match;
  const step = stepText === undefined ? '' : `/${Number(stepText)}`;
  if (step === '/0') return null;
  if (star !== undefined) return `*${step}`;
  const [low, high] = RANGES[field];
  const first = numberOf(field, firstText ?? '');
  const last = lastText === undefined ? first : numberOf(field, lastText);
  if (first === null || last === null || first < low || last > high || first > last) return null;
  if (lastText !== undefined) return weekdayRange(field, first, last, step);
  // crontab(5) leaves `5/10` open; read as `5-59/10`, as every cron does that takes it.
  if (step !== '') return weekdayRange(field, first, field === 'weekday' ? 6 : high, step);
  return String(field === 'weekday' ? first % 7 : first);
}

/** `5-7` means Friday to Sunday, and a schedule that knows only 0 for Sunday needs it as two. */
function weekdayRange(field: CronField, first: number, last: number, step: string): string {
  if (field !== 'weekday' || last !== 7) return `${first}-${last}${step}`;
  const size = step === '' ? 1 : Number(step.slice(1));
  const days: number[] = [];
  for (let day = first; day <= 7; day += size) days.push(day % 7);
  return [...new Set(days)].sort((a, b) => a - b).join(',');
}

function numberOf(field: CronField, text: string): number | null {
  if (/^\d+$/.test(text)) return Number(text);
  const at = NAMES[field]?.indexOf(text.toLowerCase()) ?? -1;
  return at === -1 ? null : at;
}

/** Reads five fields separated by blanks. No seconds, no `@daily`. */
export function parseCronLine(text: string): Parsed<readonly string[]> {
  const words = [...text.matchAll(/\S+/g)];
  if (words.length !== CRON_FIELDS.length) {
    return unparsed(
      `a schedule has five fields, not ${words.length}`,
      0,
      Math.max(text.length, 1),
      'write minute, hour, day of the month, month and weekday: `30 3 * * *`',
    );
  }
  const fields: string[] = [];
  for (const [i, word] of words.entries()) {
    const field = parseCronField(CRON_FIELDS[i] ?? 'minute', word[0]);
    if (!field.ok) {
      const { message, start, end, help } = field.problem;
      return unparsed(message, start + word.index, end + word.index, help);
    }
    fields.push(field.value);
  }
  return parsed(fields);
}

/** The last day of each month, in a leap year. */
const LAST_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** Whether no day matches any of these lines of {@link scheduleLines}, in any year: 30 February. */
export function neverComes(lines: readonly string[]): boolean {
  return lines.every((line) => {
    const [, , day = '*', month = '*'] = line.split(' ');
    const first = Math.min(...valuesOf(day, 31));
    return valuesOf(month, 12).every((each) => first > (LAST_DAYS[each - 1] ?? 31));
  });
}

/** What a field that was read matches, of the values from 1. */
function valuesOf(field: string, last: number): readonly number[] {
  return field.split(',').flatMap((item) => {
    const [range = '*', step = '1'] = item.split('/');
    const [from, to] = range === '*' ? [1, last] : range.split('-').map(Number);
    const values: number[] = [];
    for (let value = from ?? 1; value <= (to ?? from ?? last); value += Number(step)) values.push(value);
    return values;
  });
}

/**
 * The lines that a scheduler which joins day and weekday by *and* needs: one, or two when both are restricted, since
 * crontab(5) runs then when either matches. A field that starts with `*` restricts nothing there.
 */
export function scheduleLines(fields: readonly string[]): readonly string[] {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = fields;
  if (day.startsWith('*') || weekday.startsWith('*')) return [[minute, hour, day, month, weekday].join(' ')];
  return [[minute, hour, day, month, '*'].join(' '), [minute, hour, '*', month, weekday].join(' ')];
}
