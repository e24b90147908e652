import type { ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import { applyPlan, type WalkFlags } from '../apply-plan.ts';
import type { CommandContext } from '../io.ts';
import { planStack, type PlanSelection } from '../plan-stack.ts';
import { findSavedPlan } from '../saved/find.ts';
import { oneFile, type FileFlag } from '../usage.ts';

/** What `stack apply` is asked for. */
export type ApplyFlags = ApplySelection & FileFlag & WalkFlags;

type ApplySelection = Omit<PlanSelection, 'askRegistry' | 'offline' | 'given'>;

/**
 * `stack apply [FILE]`: shows the plan, asks, and walks it. A saved plan was approved when it was made: nothing is asked,
 * and nothing is done where it is no longer what would be done. Exit code 0, 1, 75, 130 or 143 once there is a plan.
 */
export async function apply(
  context: CommandContext,
  argument: string | undefined,
  flags: ApplyFlags,
): Promise<number> {
  const saved = argument === undefined ? null : await findSavedPlan(context, argument);
  if (argument === undefined || saved === null) {
    const file = oneFile(argument, flags);
    const skipping = flags.skipMigration === true ? ', and skip its migrations' : '';
    return applyPlan(
      context,
      {
        ...ofFile(context, file, flags),
        question: (stack) => `Apply this to stack \`${stack}\`${skipping}? Type \`yes\`:`,
      },
      flags,
    );
  }
  const { demandCurrent, demandSavedAlone, asSaved, stackFileOf } = await import('../saved/apply-saved.ts');
  demandSavedAlone(context, flags);
  const then = asSaved(context, saved);
  const file = flags.file ?? stackFileOf(context, argument, saved);
  const {
    allow_remove_all: allowRemoveAll,
    skip_migration: skipMigration = false,
    skip_hooks: skipHooks = false,
    adopt = false,
  } = saved.selection;
  const selection = { ...saved.selection, allowRemoveAll, skipMigration, skipHooks, adopt };
  return applyPlan(
    then,
    {
      ...ofFile(then, file, selection),
      question: null,
      demandPlanned: (planned) => demandCurrent(argument, saved, planned),
    },
    flags,
  );
}

function ofFile(context: CommandContext, file: string | undefined, selection: ApplySelection) {
  return {
    plan: (askRegistry: boolean, asked: ResolvedInputs['images'] = {}) =>
      planStack(context, file, { ...selection, askRegistry, asked, offline: false }),
    command: 'apply' as const,
    of: null,
    selection,
    migrations: selection.skipMigration !== true,
    replans: true,
    again: commandAgain(context, file, selection),
  };
}

/** What goes on with an apply that did not come to its end. */
function commandAgain(
  { options: { name } }: CommandContext,
  file: string | undefined,
  { include, force, only, allowRemoveAll, skipMigration, skipHooks, adopt }: ApplySelection,
): string {
  const named = { name: name === null ? [] : [name], include, force, only };
  const options = Object.entries(named).flatMap(([option, names]) =>
    names.map((one) => `--${option} ${one}`),
  );
  if (allowRemoveAll) options.push('--allow-remove-all');
  if (skipMigration === true) options.push('--skip-migration');
  if (skipHooks === true) options.push('--skip-hooks');
  if (adopt === true) options.push('--adopt');
  return ['stack apply', ...(file === undefined ? [] : [file]), ...options].join(' ');
}
