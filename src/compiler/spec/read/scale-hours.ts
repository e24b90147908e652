import type { DocumentNode } from '../../source/document.ts';
import type { ScaleHours } from '../scale-spec.ts';
import { parseCronLine, scheduleLines } from '../values/cron-schedule.ts';
import { readTimezone } from './cron.ts';
import type { Reader } from './reader.ts';

/** Where no zone is written. */
const DEFAULT_ZONE = 'UTC';

interface Limits {
  readonly min: number;
  readonly max: number;
}

/** Reads `scale.schedule`: limits that hold from a time on, within those of `scale`. What is wrong is left out. Code: STK333. */
export function readHours(
  node: DocumentNode | undefined,
  limits: Limits,
  reader: Reader,
): readonly ScaleHours[] {
  return reader.items(node).flatMap((item) => readEntry(item, limits, reader) ?? []);
}

function readEntry(item: DocumentNode, { min, max }: Limits, reader: Reader): ScaleHours | null {
  const { problems } = reader;
  const fields = reader.fields(item);
  const { errors } = problems;
  const line = reader.parsed(fields.get('cron')?.value, 'STK321', parseCronLine);
  const timezone = readTimezone(fields, reader) ?? DEFAULT_ZONE;
  const [least, most] = [fields.get('min'), fields.get('max')];
  const own = {
    min: reader.integer(least?.value, 1, 1000) ?? min,
    max: reader.integer(most?.value, 1, 1000) ?? max,
  };
  for (const [key, field] of [
    ['min', least],
    ['max', most],
  ] as const) {
    if (field === undefined || (own[key] >= min && own[key] <= max)) continue;
    problems.error(
      'STK333',
      `\`${key}: ${own[key]}\` is outside of what \`scale\` allows, ${min} to ${max}`,
      field.value.range,
      { help: 'the `min` and `max` of `scale` hold at all times: widen them there' },
    );
  }
  if (least === undefined && most === undefined && item.kind === 'object')
    problems.error('STK333', 'neither `min` nor `max` is written: nothing changes at that time', item.range, {
      help: 'write one of them, such as `min: 4`',
    });
  if (problems.errors === errors && own.min > own.max)
    problems.error('STK333', `\`min\` ${own.min} is more than \`max\` ${own.max}`, item.range, {
      help: 'one that is not written is that of `scale`: write both, or take this one out',
    });
  return line === null || problems.errors > errors
    ? null
    : { when: { schedule: scheduleLines(line), timezone }, ...own };
}
