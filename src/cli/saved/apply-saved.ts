import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import type { PlannedStack, PlanSelection } from '../plan-stack.ts';
import { sha256 } from '../sha256.ts';
import type { SavedPlan } from './saved-plan.ts';
import { changedFiles, fileSums, staleness } from './stale.ts';

/** The world as it was when the plan was made: the stack may have been named. */
export function asSaved(context: CommandContext, { selection }: SavedPlan): CommandContext {
  return { ...context, options: { ...context.options, name: selection.name } };
}

/** The stack file, as it was named when the plan was made. Fails with 65 where there is none. */
export function stackFileOf({ io }: CommandContext, path: string, { file }: SavedPlan): string {
  if (existsSync(resolve(io.cwd, file.path))) return file.path;
  throw new CommandFailure(
    exitCode.invalidFile,
    `the saved plan \`${path}\` was made for the stack file \`${file.path}\`, and there is none here`,
    `say where it is: \`stack apply ${path} --file FILE\``,
  );
}

/** Fails with 64 where a saved plan, which says itself what is asked for, is asked for something else. */
export function demandSavedAlone(
  { options }: CommandContext,
  {
    include,
    force,
    only,
    allowRemoveAll,
    skipMigration = false,
    skipHooks = false,
    adopt = false,
  }: Pick<
    PlanSelection,
    'include' | 'force' | 'only' | 'allowRemoveAll' | 'skipMigration' | 'skipHooks' | 'adopt'
  >,
): void {
  const given = Object.entries({
    '--name': options.name !== null,
    '--include': include.length > 0,
    '--force': force.length > 0,
    '--only': only.length > 0,
    '--allow-remove-all': allowRemoveAll,
    '--skip-migration': skipMigration,
    '--skip-hooks': skipHooks,
    '--adopt': adopt,
  }).find(([, isGiven]) => isGiven);
  if (given === undefined) return;
  throw new CommandFailure(
    exitCode.usage,
    `\`${given[0]}\` cannot be added to a saved plan, which does what it did when it was made`,
    'give it to `stack plan --out`',
  );
}

/** Fails with 1, and says what has changed, unless what is to be done now is what was saved. */
export async function demandCurrent(
  path: string,
  saved: SavedPlan,
  { loaded, connection, plan, inputs }: PlannedStack,
): Promise<void> {
  const facts = await connection?.engine.facts();
  if (facts !== undefined && facts.id !== saved.engine.id)
    throw stale(path, [`it is for the engine of ${saved.engine.host}, and this is the one of ${facts.host}`]);
  const sameFile = sha256(loaded.source.text) === saved.file.sha256;
  const lines = [
    ...(sameFile ? [] : [`the stack file ${loaded.source.path} is another`]),
    ...changedFiles(saved.files, fileSums(inputs.files)).map((name) => `the file ${name} is another`),
    ...staleness(saved.plan, plan),
  ];
  if (lines.length > 0) throw stale(path, lines);
}

function stale(path: string, lines: readonly string[]): CommandFailure {
  return new CommandFailure(
    exitCode.failed,
    `the saved plan \`${path}\` is no longer what would be done; nothing was done`,
    'see what is to be done now with `stack plan`, and save it with `--out`',
    lines,
  );
}
