import type { BalancerView } from '../../balancer/view.ts';
import { MOST_NOTICE_MS } from '../../reconcile/notices.ts';
import { durationWords } from '../duration-words.ts';
import { listings, type Listing, type VerdictFacts } from '../facts.ts';

// A haproxy's try avoids the server of the one before it, and no other: where two are gone, tries can go to and fro
// between them. In rounds it comes upon another in the end, unless requests beside it take those turns.

/** A balancer whose tries may all meet instances that are gone: surely with some requests, or by chance. */
export function overwhelmed(facts: VerdictFacts, how: 'surely' | 'perhaps'): Listing | null {
  return (
    listings(facts).find(({ view }) => {
      const covered = how === 'surely' ? view.likelyWithout : view.sureWithout;
      return covered !== null && goneAtOnce(facts, view) > covered;
    }) ?? null
  );
}

/** How many may be gone while the balancer has not seen it of any. */
export function goneAtOnce({ gone, instances, can }: VerdictFacts, view: BalancerView): number {
  // Nobody sees it: those that the balancer lists and that do not run are gone as well.
  if (view.downAfterMs === null) return Math.max(gone, view.others + 1 - (instances.now - gone));
  return can.awaitGone ? Math.min(1, gone) : gone;
}

/** What to change, as a clause. */
export function howToKeepMore({ action }: VerdictFacts, { program, name }: Listing): string {
  if (program === 'nginx') return `\`proxy_next_upstream_tries 0\` in \`${name}\``;
  return action === 'remove'
    ? `one less at a time, or checks that see it within ${durationWords(MOST_NOTICE_MS)}`
    : '`batch: 1`';
}
