import type { Revision } from '../journal/revisions.ts';
import { isWhole, type KeptRevision } from '../revision/kept-revisions.ts';

/**
 * Whether what a kept revision says is what should run: the last apply of the journal is this one, and came to its end. False
 * where the journal cannot be read (`revisions` null): nobody can tell then.
 */
export function isSettled(
  { revision }: Pick<KeptRevision, 'revision'>,
  revisions: readonly Revision[] | null,
): boolean {
  const last = withoutHealings(revisions ?? []).at(-1);
  return last?.revision === revision && isWhole(last);
}

/** Those that say what should run: a healing changes nothing of that. */
export function withoutHealings(revisions: readonly Revision[]): readonly Revision[] {
  return revisions.filter(({ command }) => command !== 'heal');
}
