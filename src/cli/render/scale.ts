import type { SetCount } from '../../compiler/journal/record.ts';
import { partsOf } from '../../compiler/cron/job.ts';
import type { ReportedScale } from '../../compiler/scale/report.ts';
import { sourceText } from '../../compiler/scale/words.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { ScaleStatus } from '../scale/scale-rows.ts';
import { snakeCase } from './snake-case.ts';
import { duration, fold, plural, printable } from './text.ts';

/** Who the scaler is in the journal. */
export const SCALER = 'agent';

/** `set by the scaler`, `set by alice`, `as the file says`. */
export function setWords(set: Pick<SetCount, 'by' | 'why'> | null): string {
  if (set === null) return 'as the file says';
  if (set.by === '') return `as many as there are: ${set.why ?? ''}`;
  return set.by === SCALER ? 'set by the scaler' : `set by ${printable(set.by)}`;
}

/** How wide a line may be. */
export interface ScaleStyle {
  readonly width: number | null;
}

/** Lines for people about what is scaled, beneath the table of `stack status`. */
export function renderScale({ rows, idle }: ScaleStatus, { width }: ScaleStyle, nowMs: number): string {
  if (rows.length === 0) return '';
  const several = new Set(rows.map(({ key }) => partsOf(key)[0])).size > 1;
  const lines = rows.map((row) => {
    const name = several ? row.key : partsOf(row.key)[1];
    return `${printable(name)}: ${[
      `${plural(row.count, 'instance')} (${row.min} to ${row.max}${hourWords(row)})`,
      ...(row.seen === null ? [] : row.seen.sources.map((source) => printable(sourceText(source)))),
      ...(row.set === null ? ['as the file says'] : [lastWords(row.set, nowMs)]),
      ...(row.seen === null ? [] : [restWords(row.seen, nowMs)]),
    ].join('; ')}`;
  });
  return [...lines, ...(idle === null ? [] : [idle])]
    .flatMap((line) => (width === null ? [line] : fold(line, width, '', '    ')))
    .map((line) => `${line}\n`)
    .join('');
}

/** Where the clock has narrowed the limits. */
function hourWords({ seen, min, max }: ScaleStatus['rows'][number]): string {
  return seen === null || (seen.min === min && seen.max === max)
    ? ''
    : `, at this hour ${seen.min} to ${seen.max}`;
}

/** `2 → 4 by the scaler 3 minutes ago: cpu 82 % of 60 %`. */
function lastWords(set: SetCount, nowMs: number): string {
  const who = set.by === SCALER ? 'by the scaler' : `by ${printable(set.by)}`;
  const what = set.from === set.to ? 'set' : `${set.from} → ${set.to}`;
  const why = set.why === null ? '' : ` (${printable(set.why)})`;
  return `${what} ${who} ${duration(Math.max(0, nowMs - set.at))} ago${why}`;
}

function restWords(
  { rest, failures, notBeforeMs, serving, count, max, min }: ReportedScale,
  nowMs: number,
): string {
  const later = notBeforeMs === null ? '' : `, tried again in ${duration(Math.max(0, notBeforeMs - nowMs))}`;
  switch (rest) {
    case 'settled':
      return 'as many as are wanted';
    case 'limit':
      return `more are wanted than ${max}`;
    case 'waiting':
      return 'others are wanted, not yet for long enough';
    case 'unmeasured':
      return 'left as it is while nothing is measured';
    case 'starting':
      return `${serving} of ${count} serve, none goes meanwhile`;
    case 'cooling':
      return 'others are wanted, not so soon after the last change';
    case 'failed':
      return failures === 0
        ? `somebody else changes the stack${later}`
        : `the last ${failures === 1 ? 'try' : `${failures} tries`} failed${later}: \`stack agent logs engine\` tells why`;
    case 'changed':
      return 'scaled a moment ago, not measured since';
    case 'idle':
      return 'others are wanted';
    case 'changing':
      return count < min || count > max ? 'being brought within its limits' : 'being scaled';
    case 'paused':
      return 'an instance is paused';
    default:
      return unreachable(rest);
  }
}

/** The same as one JSON value; null: nothing is scaled. */
export function scaleJson({ rows, idle }: ScaleStatus): unknown {
  return rows.length === 0 ? null : snakeCase({ containers: rows, idle });
}
