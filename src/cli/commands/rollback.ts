import { revisionName } from '../../compiler/names.ts';
import { isWhole, type KeptRevision } from '../../compiler/revision/kept-revisions.ts';
import type { WalkFlags } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { listed } from '../render/text.ts';
import { applyRevision } from '../revisions/apply-revision.ts';
import { demandNoneCrossed } from '../revisions/crossed.ts';
import { demandStored, keptOf, noneKept, type Kept } from '../revisions/kept.ts';
import type { FileFlag } from '../usage.ts';

/** What `stack rollback` is asked for. */
export type RollbackFlags = FileFlag &
  WalkFlags & {
    readonly include: readonly string[];
    readonly allowRemoveAll: boolean;
    readonly skipHooks: boolean;
    /** Whether a migration that is not `reversible` may lie between. */
    readonly acrossMigrations: boolean;
  };

/**
 * `stack rollback [REVISION]`: makes an earlier revision again, null: the one before the current. Images, environment,
 * secrets, files and counts are those of then; data is left as it is, and no migration runs.
 */
export async function rollback(
  context: CommandContext,
  number: number | null,
  flags: RollbackFlags,
): Promise<number> {
  const kept = await keptOf(context, flags.file);
  const revision = number === null ? before(kept) : named(kept, number);
  if (!flags.acrossMigrations) await demandNoneCrossed(kept, revision);
  const { include, allowRemoveAll } = flags;
  return applyRevision(
    context,
    kept,
    {
      command: 'rollback',
      revision,
      stored: await demandStored(kept, revision),
      selection: { include, force: [], only: [], allowRemoveAll },
      words: 'back to',
    },
    flags,
  );
}

/** The newest that can be gone back to and is not what runs now. */
function before({ stack, good, begun, revisions }: Kept): KeptRevision {
  const [newest, older] = good;
  const last = revisions?.at(-1)?.revision ?? newest?.revision;
  const target = begun === null && last === newest?.revision ? older : newest;
  if (target !== undefined) return target;
  throw new CommandFailure(
    exitCode.failed,
    `there is no revision of stack \`${stack}\` to go back to`,
    good.length === 0
      ? `${noneKept(revisions)}: apply the stack file of then`
      : 'only the current one is kept: apply the stack file of then',
  );
}

function named({ stack, good, begun, revisions }: Kept, number: number): KeptRevision {
  const found = good.find(({ revision }) => revision === number);
  if (found !== undefined) return found;
  const known = revisions?.find(({ revision }) => revision === number);
  const why =
    begun?.revision === number
      ? isWhole(known)
        ? 'it was of a part of the stack file only'
        : 'it did not come to its end'
      : known === undefined
        ? 'there is no such revision'
        : known.end?.result === 'done'
          ? `its container \`${revisionName(stack, number, 'kept')}\` is not on the engine`
          : 'it did not come to its end';
  const numbers = good.map(({ revision }) => String(revision)).toReversed();
  throw new CommandFailure(
    exitCode.failed,
    `stack \`${stack}\` cannot go back to revision ${number}: ${why}`,
    numbers.length === 0
      ? 'nothing is kept to go back to: apply the stack file of then'
      : `what can be gone back to: ${listed(numbers, 'and')}`,
  );
}
