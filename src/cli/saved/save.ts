import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { fileProblem } from '../file-problem.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import type { PlannedStack, PlanSelection } from '../plan-stack.ts';
import { beginsAsSavedPlan } from './find.ts';
import { sha256 } from '../sha256.ts';
import { encodeSavedPlan } from './saved-plan.ts';
import { fileSums, savedWork } from './stale.ts';
import { writeWhole } from '../write-whole.ts';

/**
 * Writes a plan into a file, whole or not at all. Fails with 64 for a stack file from standard input and for a file that
 * holds something else, with 1 when it cannot be written.
 */
export async function savePlan(
  context: CommandContext,
  path: string,
  { loaded, connection, plan, inputs }: PlannedStack,
  selection: Pick<
    PlanSelection,
    'include' | 'force' | 'only' | 'allowRemoveAll' | 'skipMigration' | 'skipHooks' | 'adopt'
  >,
): Promise<void> {
  const { io, options } = context;
  if (connection === null) throw new Error('a plan without an engine is not saved');
  const target = resolve(io.cwd, path);
  const facts = await connection.engine.facts();
  const text = encodeSavedPlan({
    made_at: new Date(io.clock.now()).toISOString(),
    engine: { id: facts.id, host: facts.host },
    stack: plan.stack,
    file: { path: loaded.source.path, sha256: sha256(loaded.source.text) },
    files: fileSums(inputs.files),
    selection: {
      name: options.name,
      include: selection.include,
      force: selection.force,
      only: selection.only,
      allow_remove_all: selection.allowRemoveAll,
      skip_migration: selection.skipMigration === true,
      skip_hooks: selection.skipHooks === true,
      adopt: selection.adopt === true,
    },
    plan: savedWork(plan),
  });
  try {
    writeWhole(target, text);
  } catch (error) {
    throw new CommandFailure(
      exitCode.failed,
      `the plan cannot be saved to \`${path}\`: ${fileProblem(error, PROBLEMS)}`,
    );
  }
  writeNote(context, `Saved. \`stack apply ${path}\` does this, and nothing else.`);
}

/** Before anything is asked: fails with 64 where a plan cannot be saved, or would take something else's place. */
export function demandSavable({ io }: CommandContext, path: string, stackFile: string | undefined): void {
  if (stackFile === '-')
    throw new CommandFailure(
      exitCode.usage,
      'a plan of a stack file from standard input cannot be saved: its apply could not see whether the file is the same',
      'name the stack file',
    );
  if (path === '-')
    throw new CommandFailure(exitCode.usage, 'a plan is saved in a file', '`--json` prints it');
  const target = resolve(io.cwd, path);
  const found = statSync(target, { throwIfNoEntry: false });
  if (found === undefined || (found.isFile() && (found.size === 0 || beginsAsSavedPlan(target)))) return;
  throw new CommandFailure(
    exitCode.usage,
    `\`${path}\` is there already, and is no saved plan`,
    'give `--out` another name, or remove it',
  );
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  EROFS: 'its disk cannot be written',
  ENOSPC: 'the disk is full',
};
