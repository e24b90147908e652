import type { WalkFlags } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { applyRevision } from '../revisions/apply-revision.ts';
import { demandNoneCrossed } from '../revisions/crossed.ts';
import { demandStored, keptOf, type Kept } from '../revisions/kept.ts';
import type { FileFlag } from '../usage.ts';

/** `stack resume`: finishes the last apply, which was cut off, stopped or has failed; from what it was made from then. */
export async function resume(
  context: CommandContext,
  flags: FileFlag & WalkFlags & { readonly allowRemoveAll: boolean },
): Promise<number> {
  const kept = await keptOf(context, flags.file);
  if (isOver(context, kept)) return exitCode.done;
  const begun = unfinished(kept);
  if (begun === null) throw nothingKept(kept, 'finish it with `stack apply` and its stack file');
  const stored = await demandStored(kept, begun);
  const { selection } = stored;
  const allowRemoveAll = selection.allowRemoveAll || flags.allowRemoveAll;
  const again = { command: 'resume', revision: begun, stored, words: 'going on with' } as const;
  return applyRevision(context, kept, { ...again, selection: { ...selection, allowRemoveAll } }, flags);
}

/** `stack abort`: takes the last apply, which did not come to its end, back to the last revision that did. */
export async function abort(
  context: CommandContext,
  flags: FileFlag & WalkFlags & { readonly allowRemoveAll: boolean; readonly acrossMigrations: boolean },
): Promise<number> {
  const kept = await keptOf(context, flags.file);
  if (isOver(context, kept)) return exitCode.done;
  const [revision] = kept.good;
  if (revision === undefined)
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${kept.stack}\` has no revision to go back to: no apply has come to its end, or \`docker container prune\` took away what was kept`,
      'apply the stack file of then, `stack resume` goes on, `stack destroy` takes it down',
    );
  if (!flags.acrossMigrations) await demandNoneCrossed(kept, revision);
  const { allowRemoveAll } = flags;
  const stored = await demandStored(kept, revision);
  // What was to be replaced although it is `manual` goes back, too.
  const begun = unfinished(kept);
  const include = begun === null ? [] : (await demandStored(kept, begun)).selection.include;
  const selection = { include, force: [], only: [], allowRemoveAll };
  return applyRevision(
    context,
    kept,
    { command: 'abort', revision, stored, selection, words: 'back to' },
    flags,
  );
}

/** What the last apply was made from; null where that is not kept. */
function unfinished({ begun, revisions }: Kept): Kept['begun'] {
  const last = revisions?.at(-1);
  return last === undefined || last.revision === begun?.revision ? begun : null;
}

/** Says so where the last apply has come to its end. */
function isOver(context: CommandContext, { stack, begun, revisions, good }: Kept): boolean {
  const last = revisions?.at(-1);
  const isNamed = begun === null && good.length > 0;
  const isDone =
    last === undefined
      ? isNamed
      : last.end?.result === 'done' || (isNamed && good[0]?.revision === last.revision);
  if (isDone)
    writeNote(
      context,
      `the last apply of stack \`${stack}\` came to its end: nothing to go on with; \`stack rollback\` goes back`,
    );
  return isDone;
}

function nothingKept({ stack, revisions }: Kept, help: string): CommandFailure {
  const last = revisions?.at(-1);
  const which = last === undefined ? 'the last apply' : `revision ${last.revision}`;
  return new CommandFailure(
    exitCode.failed,
    last?.command === 'destroy'
      ? `stack \`${stack}\` was being destroyed`
      : `what ${which} of stack \`${stack}\` was made from is not kept on the engine`,
    last?.command === 'destroy' ? '`stack destroy` goes on with that' : help,
  );
}
