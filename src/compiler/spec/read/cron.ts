import type { DocumentNode } from '../../source/document.ts';
import type { CronSpec } from '../container-spec.ts';
import {
  CRON_FIELDS,
  neverComes,
  parseCronField,
  parseCronLine,
  scheduleLines,
} from '../values/cron-schedule.ts';
import { readNotifications } from './notifications.ts';
import type { Fields, Reader } from './reader.ts';

/** In which fields are read where no zone is written. */
const DEFAULT_ZONE = 'UTC';

/** Reads `cron`: one string of five fields, or an object. Null when a field is wrong. */
export function readCron(node: DocumentNode, reader: Reader): CronSpec | null {
  if (node.kind !== 'object') {
    const line = reader.parsed(node, 'STK321', parseCronLine);
    if (line === null) return null;
    const schedule = scheduleLines(line);
    warnOfNever(schedule, node.range, reader);
    return {
      schedule,
      timezone: DEFAULT_ZONE,
      overlap: 'skip',
      timeoutMs: null,
      catchUp: false,
      jitterMs: 0,
      onFailure: null,
    };
  }
  const fields = reader.fields(node);
  const schedule = readSchedule(node, fields, reader);
  const timezone = readTimezone(fields, reader);
  const onFailure = fields.get('on_failure');
  return schedule === null
    ? null
    : {
        schedule,
        timezone: timezone ?? DEFAULT_ZONE,
        overlap: reader.choice(fields.get('overlap')?.value, ['skip', 'queue', 'allow'], 'skip'),
        // Nothing would ever run.
        timeoutMs: reader.durationMs(fields.get('timeout')?.value) || null,
        catchUp: reader.flag(fields.get('catch_up')?.value) ?? false,
        jitterMs: reader.durationMs(fields.get('jitter')?.value) ?? 0,
        onFailure: onFailure === undefined ? null : readNotifications(onFailure.value, reader),
      };
}

function readSchedule(node: DocumentNode, fields: Fields, reader: Reader): readonly string[] | null {
  // Every minute is a lot for who has written no time at all.
  if (!CRON_FIELDS.some((field) => fields.has(field) || reader.isMisspelt(fields, field))) {
    reader.problems.error('STK321', '`cron` says no time', node.range, {
      help: 'write when it runs: `{ hour: 3, minute: 30 }`; every minute is `{ minute: "*" }`',
    });
    return null;
  }
  const read = CRON_FIELDS.map((field) => {
    const member = fields.get(field);
    if (member === undefined) return '*';
    return reader.parsed(member.value, 'STK321', (text) => parseCronField(field, text));
  });
  if (read.includes(null)) return null;
  const hour = fields.get('hour');
  const values = read.map((value) => value ?? '*');
  // A job "at three" that runs sixty times is never meant.
  if (hour !== undefined && fields.get('minute') === undefined) {
    values[0] = '0';
    reader.problems.warn('STK357', 'an hour without a minute means minute 0', hour.keyRange, {
      help: 'write `minute: 0`, or `minute: "*"` for every minute of that hour',
    });
  }
  const schedule = scheduleLines(values);
  warnOfNever(schedule, (fields.get('day') ?? fields.get('month'))?.value.range ?? node.range, reader);
  return schedule;
}

/** No error: some write it for a job that is only run by hand. */
function warnOfNever(schedule: readonly string[], range: DocumentNode['range'], reader: Reader): void {
  if (!neverComes(schedule)) return;
  reader.problems.warn('STK372', 'no year has that date: the job never runs by itself', range, {
    help: 'write a `day` that the `month` has, and `day` or `weekday` where either is meant; `stack cron run NAME` runs it by hand',
  });
}

/** Reads `timezone`; null where none is written, or it is none. Code: STK321. */
export function readTimezone(fields: Fields, reader: Reader): string | null {
  const text = reader.text(fields.get('timezone')?.value, 'written');
  if (text === null) return null;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text.text }).resolvedOptions().timeZone === ''
      ? null
      : text.text;
  } catch {
    // The only way to ask for one name: a zone that is not known throws.
    reader.problems.error('STK321', `\`${text.text}\` is not a time zone`, text.place.range, {
      help: 'write a name of the time zone database, such as `Europe/Rome` or `UTC`',
    });
    return null;
  }
}
