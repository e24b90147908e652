import type { Reason } from '../../compiler/plan/plan.ts';
import { MASKED } from '../../compiler/reconcile/compare.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { printable, shorten, shortenPair, WIDTH } from './text.ts';

/** Stands for a value that there is not. */
const NONE = '(none)';

/** Values at their full length go on for ever; this much tells them apart. */
const WIDEST_VALUE = WIDTH - 8;

/**
 * A reason as one line, or as two where both values do not fit beside each other: `image  1a2b → 9f8e`. Values come from
 * the plan displayable and quoted. `full` cuts nothing.
 */
export function reasonLines(reason: Reason, full: boolean): readonly string[] {
  const field = printable(reason.field);
  switch (reason.kind) {
    case 'field':
      return changed(field, reason, full);
    case 'drift':
      return changed(`drift: ${field}`, reason, full);
    case 'missing':
      return [missing(field, reason.to)];
    case 'requested':
      return [`requested: ${field}`];
    case 'leftover':
      return changed(`left over: ${field}`, reason, full);
    case 'dropped':
      return [field === 'file' ? 'no longer in the file' : `more than \`${field}\` in the file`];
    default:
      return unreachable(reason.kind);
  }
}

function changed(field: string, reason: Reason, full: boolean): readonly string[] {
  if (reason.from === null && reason.to === null) return [field];
  if (reason.from === MASKED && reason.to === MASKED) return [`${field}  differs ${MASKED}`];
  const whole = [reason.from, reason.to].map((value) => (value === null ? NONE : printable(value)));
  const [from = NONE, to = NONE] = whole;
  const line = `${field}  ${from} → ${to}`;
  if (full || line.length <= WIDTH - 4) return [line];
  const room = Math.max(20, WIDEST_VALUE - field.length);
  const [shortFrom, shortTo] =
    reason.from === null || reason.to === null
      ? [shorten(from, room), shorten(to, room)]
      : shortenPair(from, to, room);
  const short = `${field}  ${shortFrom} → ${shortTo}`;
  if (short.length <= WIDTH - 4) return [short];
  return [`${field}  ${shortFrom}`, `${' '.repeat(field.length)}→ ${shortTo}`];
}

function missing(field: string, to: string | null): string {
  // A migration's exited container is what says that it has run.
  if (field === 'record') return to === null ? 'not run yet' : `not run yet for ${printable(to)}`;
  return to === null ? `missing: ${field}` : `missing: ${field}, to be ${printable(to)}`;
}
