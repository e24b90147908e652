import { readRevision } from '../../runtime/revisions/stored.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { applyRevision, type AgainFlags } from '../revisions/apply-revision.ts';
import { demandNoneCrossed } from '../revisions/crossed.ts';
import { demandStored, keptOf, noneKept, type Kept } from '../revisions/kept.ts';
import type { FileFlag } from '../usage.ts';

/** `stack resume`: finishes the last apply, which was cut off, stopped or has failed; from what it was made from then. */
export async function resume(
  context: CommandContext,
  flags: FileFlag & AgainFlags & { readonly allowRemoveAll: boolean },
): Promise<number> {
  const kept = await keptOf(context, flags.file);
  if (isOver(context, kept)) return exitCode.done;
  const begun = unfinished(kept);
  if (begun === null) throw nothingKept(kept);
  const stored = await demandStored(kept, begun, WITH_ITS_FILE);
  const { selection } = stored;
  const allowRemoveAll = selection.allowRemoveAll || flags.allowRemoveAll;
  const again = { command: 'resume', revision: begun, stored, words: 'going on with' } as const;
  return applyRevision(context, kept, { ...again, selection: { ...selection, allowRemoveAll } }, flags);
}

/** `stack abort`: takes the last apply, which did not come to its end, back to the last revision that did. */
export async function abort(
  context: CommandContext,
  flags: FileFlag & AgainFlags & { readonly allowRemoveAll: boolean; readonly acrossMigrations: boolean },
): Promise<number> {
  const kept = await keptOf(context, flags.file);
  if (isOver(context, kept)) return exitCode.done;
  const [revision] = kept.good;
  if (revision === undefined && kept.revisions?.at(-1)?.command === 'destroy') throw beingDestroyed(kept);
  if (revision === undefined)
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${kept.stack}\` has no revision to go back to: ${noneKept(kept.revisions)}`,
      'mend the stack file and `stack apply`, or take it down with `stack destroy`; `stack resume` goes on as it was meant',
    );
  if (!flags.acrossMigrations) await demandNoneCrossed(kept, revision);
  const { allowRemoveAll } = flags;
  const stored = await demandStored(kept, revision);
  // What was to be replaced although it is `manual` goes back, too. One that was cut off while it was written has replaced nothing.
  const begun = unfinished(kept);
  const wanted = begun === null ? null : await readRevision(kept.engine, begun.id);
  const include = wanted !== null && 'content' in wanted ? wanted.selection.include : [];
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
  // It ends with the agent, which has told of it.
  if (last?.command === 'destroy') return false;
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

const WITH_ITS_FILE = 'finish it with `stack apply` and its stack file';

function nothingKept(kept: Kept): CommandFailure {
  const last = kept.revisions?.at(-1);
  if (last?.command === 'destroy') return beingDestroyed(kept);
  const which = last === undefined ? 'the last apply' : `revision ${last.revision}`;
  return new CommandFailure(
    exitCode.failed,
    `what ${which} of stack \`${kept.stack}\` was made from is not kept on the engine`,
    WITH_ITS_FILE,
  );
}

function beingDestroyed({ stack }: Kept): CommandFailure {
  return new CommandFailure(
    exitCode.failed,
    `stack \`${stack}\` was being destroyed`,
    '`stack destroy` goes on with that',
  );
}
