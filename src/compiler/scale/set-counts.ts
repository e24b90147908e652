import { isUpkeep } from '../heal/settled.ts';
import type { SetCount } from '../journal/record.ts';
import type { Revision } from '../journal/revisions.ts';
import { isWhole } from '../revision/kept-revisions.ts';
import type { SetCounts } from './spec-counts.ts';

/**
 * What revisions say of the numbers of instances, oldest first. A scaling that did not come to its end never was: what it has made
 * or removed is taken back by whatever comes next. Every other change repeats what held before it, so that a journal may lose
 * its begin; what it says no more was taken out of the file, once it has come to its end.
 */
export function setCounts(
  revisions: readonly Pick<Revision, 'command' | 'counts' | 'end' | 'steps'>[],
): SetCounts {
  let counts = new Map<string, SetCount>();
  for (const revision of revisions) {
    const { command, counts: said = [] } = revision;
    const isDone = isWhole(revision);
    if (command === 'destroy' || (isDone && !isUpkeep(command))) counts = new Map();
    for (const set of said) {
      // Of what did not come to its end only what held before it is of use, where the journal has lost that. The limits of a file
      // that is not applied bind nobody.
      if (isDone) counts.set(set.container, set);
      else if (!counts.has(set.container) && set.first !== true)
        counts.set(set.container, { ...set, to: set.from });
    }
  }
  return counts;
}
