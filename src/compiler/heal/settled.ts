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
  const last = withoutUpkeep(revisions ?? []).at(-1);
  return last?.revision === revision && isWhole(last);
}

/** Whether a change only keeps up what a revision says: a healing, or another number of instances within its limits. */
export function isUpkeep(command: string): boolean {
  return command === 'heal' || command === 'scale';
}

/** Those that say what should run: a healing or a scaling makes no other revision of it. */
export function withoutUpkeep(revisions: readonly Revision[]): readonly Revision[] {
  return revisions.filter(({ command }) => !isUpkeep(command));
}

/** The healings since the last apply, oldest first. */
export function healingsSince(revisions: readonly Revision[]): readonly Revision[] {
  return revisions
    .slice(revisions.findLastIndex(({ command }) => !isUpkeep(command)) + 1)
    .filter(({ command }) => command === 'heal');
}

/** When each instance was healed, by its key, in milliseconds since the epoch, oldest first. */
export function healedAt(
  healings: readonly Pick<Revision, 'atMs' | 'changes'>[],
): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>();
  for (const { atMs, changes } of healings)
    for (const { id, action } of changes)
      if (action !== 'none') times.set(id, [...(times.get(id) ?? []), atMs]);
  return times;
}

/** Whom the last healing was about, by their keys, where it was cut off or stopped; none otherwise. */
export function cutOffAmong(healings: readonly Pick<Revision, 'end' | 'changes'>[]): ReadonlySet<string> {
  const last = healings.at(-1);
  if (last === undefined || (last.end !== null && last.end.result !== 'stopped')) return new Set();
  return new Set(last.changes.flatMap(({ id, action }) => (action === 'none' ? [] : [id])));
}
