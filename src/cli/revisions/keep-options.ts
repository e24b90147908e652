import type { Revision } from '../../compiler/journal/revisions.ts';
import type { ObservedKept } from '../../compiler/observed/observed-state.ts';
import { begunRevisions, isWhole, keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import type { KeepOptions } from '../../runtime/revisions/revision-keeper.ts';

/** What is kept of an apply, and what becomes of what was kept before. */
export function keepOptions(
  made: Pick<KeepOptions, 'stack' | 'stored' | 'agent'>,
  {
    isBack,
    keep,
    kept,
    revisions,
  }: {
    /** Whether it makes an earlier revision again. */
    readonly isBack: boolean;
    /** As the file says. */
    readonly keep: number;
    readonly kept: readonly ObservedKept[];
    readonly revisions: readonly Revision[];
  },
): KeepOptions {
  const begun = begunRevisions(made.stack, kept);
  const whole = begun.filter(({ revision }) => isWhole(revisions.find((one) => one.revision === revision)));
  const good = keptRevisions(made.stack, kept);
  return {
    ...made,
    // Whoever goes back wants to be able to go forth again.
    keep: isBack ? Math.max(keep, good.length + whole.length) : keep,
    good,
    whole,
    begun: begun.filter((one) => !whole.includes(one)),
  };
}
