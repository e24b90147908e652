import { Option, type Command } from 'commander';
import {
  addSelection,
  addWalk,
  LOCK_TIMEOUT,
  SKIP_HOOKS,
  selection,
  walkFlags,
  withFile,
  type SelectionFlags,
  type WalkOptions,
} from '../options/shared.ts';
import { natural } from '../options/values.ts';
import { oneFile, type FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

/** From a file to what runs, and to nothing. */
export function addStackCommands(program: Command, run: Run): void {
  withFile(program.command('validate [FILE]'))
    .description('check a stack file without asking an engine')
    .action((file: string | undefined, flags: FileFlag) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        return (await import('../commands/validate.ts')).validate(context, chosen);
      }),
    );
  addSelection(withFile(program.command('plan [FILE]')))
    .description('show what apply would do')
    .option('--detailed-exitcode', 'exit with 2 when changes are pending')
    .option('-o, --out <plan>', 'save the plan: `stack apply PLAN` does this, and nothing else')
    .addOption(
      new Option('--offline', 'ask no engine: plan for an empty one').conflicts([
        'requireZeroDowntime',
        'out',
      ]),
    )
    .action((file: string | undefined, flags: PlanCommandFlags) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        return (await import('../commands/plan.ts')).plan(context, chosen, {
          ...selection(flags),
          offline: flags.offline === true,
          detailedExitCode: flags.detailedExitcode === true,
          out: flags.out ?? null,
        });
      }),
    );
  addWalk(addSelection(withFile(program.command('apply [FILE]'))))
    .description(
      'make the engine what the file says; FILE is a stack file, or a plan that `stack plan -o` saved',
    )
    .action((file: string | undefined, flags: SelectionFlags & WalkOptions) =>
      run(async (context) => {
        const { apply } = await import('../commands/apply.ts');
        return apply(context, file, { ...selection(flags), ...walkFlags(flags), file: flags.file });
      }),
    );
  withFile(program.command('destroy [FILE]'))
    .description('remove everything of a stack from the engine, but not its volumes')
    .option('--volumes', 'remove its volumes and all that is in them, too')
    .option('--skip-hooks', SKIP_HOOKS)
    .option('--lock-timeout <seconds>', LOCK_TIMEOUT, natural)
    .action((file: string | undefined, flags: DestroyCommandFlags) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        const { destroy } = await import('../commands/destroy.ts');
        return destroy(context, chosen, {
          volumes: flags.volumes === true,
          skipHooks: flags.skipHooks === true,
          lockTimeoutS: flags.lockTimeout ?? 0,
        });
      }),
    );
}

interface DestroyCommandFlags extends FileFlag {
  readonly volumes?: true;
  readonly skipHooks?: true;
  readonly lockTimeout?: number;
}

interface PlanCommandFlags extends SelectionFlags {
  readonly detailedExitcode?: true;
  readonly out?: string;
  readonly offline?: true;
}
