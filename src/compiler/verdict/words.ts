import { durationWords } from './duration-words.ts';
import type { Capacity, GapLength, Verdict } from './verdict.ts';
import { unreachable } from '../unreachable.ts';

/** One line: `zero downtime: …`, `gap of about 2.1 s, as measured at the last apply: …; avoid: …`, `unproven: …`. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'zero-downtime':
      return `zero downtime: ${verdict.mechanism}`;
    case 'gap':
      return `gap ${lengthWords(verdict.length)}: ${verdict.reason}; avoid: ${verdict.avoid}`;
    case 'unproven':
      return `unproven: ${verdict.must}`;
    default:
      return unreachable(verdict);
  }
}

function lengthWords(length: GapLength): string {
  switch (length.kind) {
    case 'about':
    case 'instant':
    case 'lasting':
      return length.kind === 'about' ? `${shortLength(length)}, ${length.by}` : shortLength(length);
    case 'at-most': {
      const [first, ...others] = length.parts;
      if (first !== undefined && others.length === 0) return `${shortLength(length)} ${first.what}`;
      const parts = length.parts.map(({ ms, what }) => `${durationWords(ms)} ${what}`).join(', ');
      return `${shortLength(length)} (${parts})${length.measured ? ', measured from the next apply on' : ''}`;
    }
    default:
      return unreachable(length);
  }
}

function shortLength(length: GapLength): string {
  switch (length.kind) {
    case 'about':
      return `of about ${durationWords(length.ms)}`;
    case 'instant':
      return 'of an instant';
    case 'lasting':
      return `until ${length.until}`;
    case 'at-most':
      return `of at most ${durationWords(length.ms)}`;
    default:
      return unreachable(length);
  }
}

/** `2 of 3 serve at the least`. */
export function capacityWords({ lowest, of }: Capacity): string {
  return `${lowest} of ${of} serve${lowest === 1 ? 's' : ''} at the least`;
}

/**
 * The last line of a plan: `Requests: zero downtime.`, else how many changes are none, worst first:
 * `Requests: 2 gaps, the longest of about 2.1 s; 1 unproven; 3 zero downtime.` Null without a verdict.
 */
export function verdictSummary(verdicts: readonly Verdict[]): string | null {
  const gaps = verdicts.filter((verdict) => verdict.kind === 'gap');
  const open = verdicts.filter((verdict) => verdict.kind === 'unproven').length;
  const none = verdicts.length - gaps.length - open;
  if (verdicts.length === 0) return null;
  if (none === verdicts.length) return 'Requests: zero downtime.';
  const parts = [
    ...(gaps.length === 0 ? [] : [gapWords(gaps)]),
    ...(open === 0 ? [] : [`${open} unproven`]),
    ...(none === 0 ? [] : [`${none} zero downtime`]),
  ];
  return `Requests: ${parts.join('; ')}.`;
}

function gapWords(gaps: readonly (Verdict & { readonly kind: 'gap' })[]): string {
  const [longest] = gaps.map(({ length }) => length).sort((x, y) => rank(y) - rank(x));
  const words = longest === undefined ? '' : shortLength(longest);
  return gaps.length === 1 ? `1 gap ${words}` : `${gaps.length} gaps, the longest ${words}`;
}

/** What does not end by itself is longer than anything; what is only bounded may be as long as that. */
function rank(length: GapLength): number {
  switch (length.kind) {
    case 'lasting':
      return Number.POSITIVE_INFINITY;
    case 'about':
    case 'at-most':
      return length.ms;
    case 'instant':
      return 0;
    default:
      return unreachable(length);
  }
}

/** The worst of several: a gap before unproven before zero downtime; null for none. */
export function worstKind(verdicts: readonly Verdict[]): Verdict['kind'] | null {
  const order: readonly Verdict['kind'][] = ['gap', 'unproven', 'zero-downtime'];
  return order.find((kind) => verdicts.some((verdict) => verdict.kind === kind)) ?? null;
}
