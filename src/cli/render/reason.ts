import type { Reason } from '../../compiler/plan/plan.ts';
import { MASKED } from '../../compiler/reconcile/compare.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { fold, printable, shortDigests, shorten, shortenPair } from './text.ts';
import { humanValue } from './value.ts';

/** How much of a reason is shown. */
export interface ReasonStyle {
  /** Nothing is cut or folded. */
  readonly full: boolean;
  /** Columns that a line may take. */
  readonly width: number;
}

/**
 * A reason as one line, or as more where both values do not fit beside each other: `image  app:1 (1a2b) → app:2 (9f8e)`.
 * Values come from the plan displayable and quoted.
 */
export function reasonLines(reason: Reason, style: ReasonStyle): readonly string[] {
  const field = printable(reason.field);
  switch (reason.kind) {
    case 'field':
      return changed(field, reason, style);
    case 'drift':
      return changed(`drift: ${field}`, reason, style);
    case 'missing':
      return fold(missing(field, reason.to), style.width, '', '  ');
    case 'requested':
      return [`requested: ${field}`];
    case 'leftover':
      return changed(`left over: ${field}`, reason, style);
    case 'dropped':
      if (field === 'scale') return ['more than were wanted last, within its `scale`'];
      return [field === 'file' ? 'no longer in the file' : `more than \`${field}\` in the file`];
    case 'adopted':
      return [`adopted: started outside the stack as ${printable(reason.from ?? '')}`];
    default:
      return unreachable(reason.kind);
  }
}

function changed(field: string, reason: Reason, { full, width }: ReasonStyle): readonly string[] {
  if (reason.from === null && reason.to === null) return [field];
  if (reason.from === MASKED && reason.to === MASKED) return [`${field}  differs ${MASKED}`];
  // Of what is in a file only how much of it differs is told.
  if (reason.from === null && reason.to !== null && reason.field.startsWith('files '))
    return [`${field}  ${printable(reason.to)}`];
  const only = LISTS.has(reason.field) ? listLine(field, reason) : null;
  if (only !== null) return full ? [only] : fold(only, width, '', ' '.repeat(field.length + 2));
  const [from, to] = [valueText(reason, 'from', full), valueText(reason, 'to', full)];
  const line = `${field}  ${from} → ${to}`;
  if (full || line.length <= width) return [line];
  const room = Math.max(20, width - 4 - field.length);
  const [shortFrom, shortTo] =
    isText(from) && isText(to) ? shortenPair(from, to, room) : [cut(from, room), cut(to, room)];
  const short = `${field}  ${shortFrom} → ${shortTo}`;
  if (short.length <= width) return [short];
  const arrow = `${' '.repeat(field.length)}→ `;
  const rest = ' '.repeat(arrow.length);
  return [...fold(shortFrom, width, `${field}  `, rest), ...fold(shortTo, width, arrow, rest)];
}

/** Of a list only what goes and what comes is told: nothing on one side does not mean that it was empty. */
function listLine(field: string, { field: name, from, to }: Reason): string | null {
  if (from === null) return `${field}  ${humanValue(name, to)} added`;
  return to === null ? `${field}  ${humanValue(name, from)} removed` : null;
}

const LISTS: ReadonlySet<string> = new Set([
  'cap_add',
  'cap_drop',
  'devices',
  'extra_hosts',
  'files',
  'links',
  'networks',
  'ports',
  'security_opt',
  'ulimits',
  'volumes',
]);

function valueText(reason: Reason, side: 'from' | 'to', full: boolean): string {
  const text = humanValue(reason.field, reason[side]);
  return full || reason.field !== 'image' ? text : shortDigests(text);
}

/** Quoted texts and JSON are cut; lists and words go on in the next line. */
function isText(value: string): boolean {
  return /^["[{]/.test(value);
}

function cut(value: string, room: number): string {
  return isText(value) ? shorten(value, room) : value;
}

function missing(field: string, to: string | null): string {
  // A migration's exited container is what says that it has run.
  if (field === 'record')
    return to === null ? 'not run yet' : `not run yet for ${printable(shortDigests(to))}`;
  return to === null ? `missing: ${field}` : `missing: ${field}, to be ${printable(to)}`;
}
