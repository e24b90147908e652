import { commitOf } from '../../compiler/journal/revisions.ts';
import type { ApplyCommand } from '../../compiler/journal/record.ts';
import type { KeptRevision } from '../../compiler/revision/kept-revisions.ts';
import type { StoredRevision, StoredSelection } from '../../compiler/revision/stored-revision.ts';
import { applyPlan, type WalkFlags } from '../apply-plan.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { planLoaded, type PlannedStack } from '../plan-stack.ts';
import { second, whoOf } from '../render/history.ts';
import { printable } from '../render/text.ts';
import type { Kept } from './kept.ts';
import { loadRevision, revisionInputs } from './restore.ts';

/** What is made of a kept revision. */
export interface Again {
  readonly command: Extract<ApplyCommand, 'rollback' | 'resume' | 'abort'>;
  readonly revision: KeptRevision;
  /** What it was made from. */
  readonly stored: StoredRevision;
  readonly selection: Omit<StoredSelection, 'migrations'>;
  /** What it is, for people: `back to`. */
  readonly words: string;
}

/** How it is walked. */
export type AgainFlags = WalkFlags & {
  /** Whether those of its stack file are left out. */
  readonly skipHooks: boolean;
};

/** Applies a kept revision again: shows its plan, asks, and walks it. */
export async function applyRevision(
  context: CommandContext,
  kept: Kept,
  { command, revision: { revision }, stored, selection, words }: Again,
  flags: AgainFlags,
): Promise<number> {
  const connection = await context.connect();
  const loaded = await loadRevision(stored.content, revision, kept.folder ?? context.io.cwd);
  // Whoever goes back wants the data as it is; whoever goes on, what was wanted then.
  const migrations = command === 'resume' && stored.selection.migrations;
  const named = [...selection.include, ...selection.force];
  const inputs = revisionInputs(stored.content, loaded, { revision, named });
  const { skipHooks } = flags;
  const given = { inputs, migrations, goesOn: command === 'resume', goesBack: command !== 'resume' };
  writeNote(context, `${words} revision ${revision}${madeBy(kept, revision)}`);
  return applyPlan(
    context,
    {
      plan: (askRegistry) =>
        planLoaded(context, loaded, connection, {
          ...selection,
          skipHooks,
          askRegistry,
          offline: false,
          given,
        }),
      command,
      of: revision,
      selection,
      migrations,
      // What it is about may be another revision by then.
      replans: false,
      demandPlanned: (planned) => demandImages(planned, selection.include, revision),
      question: (stack) => `Apply this to stack \`${stack}\`? Type \`yes\`:`,
      again: 'stack resume',
      // What nothing is left of came to its end all the same.
      isKept: command !== 'rollback',
    },
    flags,
  );
}

/** An image that nobody looked up then may be any by now. */
function demandImages(
  { desired }: PlannedStack,
  include: readonly string[],
  revision: number,
): Promise<void> {
  const unknown = desired.containers.find(
    ({ name, instances, image }) =>
      image.id === null &&
      image.pull === null &&
      image.build?.builds !== true &&
      include.some((one) => one === name || instances.some((instance) => instance.name === one)),
  );
  if (unknown === undefined) return Promise.resolve();
  throw new CommandFailure(
    exitCode.failed,
    `which image \`${unknown.name}\` had in revision ${revision} is not known: it was held then`,
    `leave \`--include\` away, or apply the stack file of then with \`--include ${unknown.name}\``,
  );
}

/** Who made it, and from which commit, as far as the journal knows. */
function madeBy({ revisions }: Kept, number: number): string {
  const made = revisions?.find(({ revision }) => revision === number);
  if (made === undefined) return '';
  const { git } = commitOf(made, revisions ?? []) ?? { git: null };
  const commit = git === null ? '' : `, commit ${git.commit.slice(0, 7)}`;
  return ` (${second(made.atMs)}, ${printable(whoOf(made))}${commit})`;
}
