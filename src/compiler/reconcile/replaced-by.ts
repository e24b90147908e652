import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Standing } from './standing.ts';
import { wasRunning } from './steps.ts';

/** The generation whose place the current one has taken, and which has not been removed yet; null for one that did not run then. */
export function replacedBy({ current, leftovers }: Standing): ObservedContainer | null {
  const old = leftovers.find(({ phase }) => phase === 'old');
  return current !== null && old !== undefined && old.generation < current.generation && wasRunning(old)
    ? old
    : null;
}
