import type { ApplyCommand, JournalRecord } from '../../compiler/journal/record.ts';
import { revisionsOf } from '../../compiler/journal/revisions.ts';
import type { ObservedKept } from '../../compiler/observed/observed-state.ts';
import { begunRevisions, isWhole, keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import type { KeepOptions } from '../../runtime/revisions/revision-keeper.ts';

/** What is kept of an apply, and what becomes of what was kept before. */
export function keepOptions(
  made: Pick<KeepOptions, 'stack' | 'stored' | 'agent'>,
  {
    command,
    keep,
    kept,
    records,
  }: {
    readonly command: ApplyCommand;
    /** As the file says. */
    readonly keep: number;
    readonly kept: readonly ObservedKept[];
    readonly records: readonly JournalRecord[];
  },
): KeepOptions {
  const revisions = revisionsOf(records);
  const begun = begunRevisions(made.stack, kept);
  const whole = begun.filter(({ revision }) => isWhole(revisions.find((one) => one.revision === revision)));
  const isBack = command === 'rollback' || command === 'abort';
  const good = keptRevisions(made.stack, kept).length + whole.length;
  return {
    ...made,
    // Whoever goes back wants to be able to go forth again.
    keep: isBack ? Math.max(keep, good) : keep,
    whole,
    begun: begun.filter((one) => !whole.includes(one)),
  };
}
