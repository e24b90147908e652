import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Decided } from './decide.ts';
import type { Decision } from './mode-table.ts';
import type { RollScope } from './replace.ts';
import { replacedBy } from './replaced-by.ts';

/** What is decided about a generation that is as the file says. */
const AS_IT_IS: ReadonlySet<Decision> = new Set(['leave', 'update', 'start']);

/**
 * Which instances of a container an apply that was cut off has replaced already, and what each of them goes back to: the old
 * generation, which stays until the apply that goes on is over. None where only its removals were left, since one of them may be
 * gone, nor where somebody is replaced by its like, unless it `goesOn`: that is no part of the same.
 */
export function predecessorsOf(
  own: readonly Decided[],
  { goesOn }: Pick<RollScope, 'goesOn'>,
): ReadonlyMap<Decided, ObservedContainer> {
  const found = new Map(
    own.flatMap((decided) => {
      const predecessor = predecessorOf(decided);
      return predecessor === null ? [] : [[decided, predecessor] as const];
    }),
  );
  const isAnother = own.some((one) => (!goesOn && isForced(one)) || (!found.has(one) && mayHaveLost(one)));
  return isAnother ? new Map() : found;
}

function predecessorOf({ decision, standing }: Decided): ObservedContainer | null {
  const { rescue } = standing;
  const isItsOwn = rescue === null || rescue === 'finish';
  return AS_IT_IS.has(decision) && isItsOwn ? replacedBy(standing) : null;
}

function isForced({ decision, difference, successor }: Decided): boolean {
  return decision === 'replace' && difference.replace.length === 0 && successor === null;
}

/** Its old generation may have been removed. One that was made anew never had any, or one that failed. */
function mayHaveLost({ decision, standing: { current, failed } }: Decided): boolean {
  return AS_IT_IS.has(decision) && failed.length === 0 && (current?.generation ?? 0) > 1;
}
