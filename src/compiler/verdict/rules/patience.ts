import { listings, type Listing, type VerdictFacts } from '../facts.ts';
import { heldMs } from '../gap-length.ts';

/** What a measured time may differ by from the next. */
export const SURE = 1.5;

/** The balancer that is the first to take a held instance for down; null: none does. */
export function impatient(facts: VerdictFacts): Listing | null {
  const [first] = listings(facts)
    .filter(({ view }) => view.silentAfterMs !== null)
    .sort((a, b) => (a.view.silentAfterMs ?? 0) - (b.view.silentAfterMs ?? 0));
  return first ?? null;
}

/** How many times over a held instance is back before a balancer takes it for down; 1 where its times are not known. */
export function slack(facts: VerdictFacts): number {
  const limit = impatient(facts)?.view.silentAfterMs ?? null;
  if (limit === null) return Number.POSITIVE_INFINITY;
  const held = heldMs(facts);
  return held === null ? 1 : limit / Math.max(1, held);
}
