import { durationWords } from './duration-words.ts';
import type { Capacity, Verdict } from './verdict.ts';
import { unreachable } from '../unreachable.ts';

/** One line: `zero downtime: …`, `gap about 2.1 s: …; avoid: …`, `unproven: …`. */
export function verdictWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'zero-downtime':
      return `zero downtime: ${verdict.mechanism}`;
    case 'gap': {
      const length = verdict.lengthMs === null ? '' : ` about ${durationWords(verdict.lengthMs)}`;
      return `gap${length}: ${verdict.reason}; avoid: ${verdict.avoid}`;
    }
    case 'unproven':
      return `unproven: ${verdict.must}`;
    default:
      return unreachable(verdict);
  }
}

/** `2 of 3 serve at the least`. */
export function capacityWords({ lowest, of }: Capacity): string {
  return `${lowest} of ${of} serve${lowest === 1 ? 's' : ''} at the least`;
}

/**
 * The last line of a plan: `Requests: zero downtime.`, else how many changes are none, worst first:
 * `Requests: 2 gaps, the longest about 2.1 s; 1 unproven; 3 zero downtime.` Null without a verdict.
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
  const lengths = gaps.flatMap(({ lengthMs }) => (lengthMs === null ? [] : [lengthMs]));
  const longest = lengths.length === 0 ? null : durationWords(Math.max(...lengths));
  if (gaps.length === 1) return longest === null ? '1 gap' : `1 gap of about ${longest}`;
  return longest === null ? `${gaps.length} gaps` : `${gaps.length} gaps, the longest about ${longest}`;
}

/** The worst of several: a gap before unproven before zero downtime; null for none. */
export function worstKind(verdicts: readonly Verdict[]): Verdict['kind'] | null {
  const order: readonly Verdict['kind'][] = ['gap', 'unproven', 'zero-downtime'];
  return order.find((kind) => verdicts.some((verdict) => verdict.kind === kind)) ?? null;
}
