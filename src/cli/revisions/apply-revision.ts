import type { ApplyCommand } from '../../compiler/journal/record.ts';
import type { KeptRevision } from '../../compiler/revision/kept-revisions.ts';
import type { StoredSelection } from '../../compiler/revision/stored-revision.ts';
import { applyPlan, type WalkFlags } from '../apply-plan.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { planLoaded } from '../plan-stack.ts';
import { second, whoOf } from '../render/history.ts';
import { printable } from '../render/text.ts';
import { demandStored, type Kept } from './kept.ts';
import { loadRevision, revisionInputs } from './restore.ts';

/** What is made of a kept revision. */
export interface Again {
  readonly command: Extract<ApplyCommand, 'rollback' | 'resume' | 'abort'>;
  readonly revision: KeptRevision;
  /** Null: as it was asked for then. */
  readonly selection: StoredSelection | null;
  /** What it is, for people: `back to`. */
  readonly words: string;
}

/** Applies a kept revision again: shows its plan, asks, and walks it. */
export async function applyRevision(
  context: CommandContext,
  kept: Kept,
  { command, revision: of, selection: asked, words }: Again,
  flags: WalkFlags,
): Promise<number> {
  const stored = await demandStored(kept, of);
  const selection = asked ?? stored.selection;
  const connection = await context.connect();
  const { revision } = of;
  const loaded = await loadRevision(stored.content, revision, context.io.cwd);
  // Whoever goes back wants the data as it is.
  const migrations = command === 'resume';
  const given = { inputs: revisionInputs(stored.content, loaded, revision), migrations };
  writeNote(context, `${words} revision ${revision}${madeBy(kept, revision)}`);
  return applyPlan(
    context,
    {
      plan: (askRegistry) =>
        planLoaded(context, loaded, connection, { ...selection, askRegistry, offline: false, given }),
      command,
      of: revision,
      selection,
      migrations,
      question: (stack) => `Apply this to stack \`${stack}\`? Type \`yes\`:`,
      again: 'stack resume',
    },
    flags,
  );
}

/** Who made it, and from which commit, as far as the journal knows. */
function madeBy({ revisions }: Kept, number: number): string {
  const made = revisions?.find(({ revision }) => revision === number);
  if (made === undefined) return '';
  const commit = made.git === null ? '' : `, commit ${made.git.commit.slice(0, 7)}`;
  return ` (${second(made.atMs)}, ${printable(whoOf(made))}${commit})`;
}
