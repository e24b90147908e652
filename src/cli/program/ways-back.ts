import type { Command } from 'commander';
import {
  ACROSS_MIGRATIONS,
  addWalk,
  ALLOW_REMOVE_ALL,
  INCLUDE,
  REQUIRE_ZERO_DOWNTIME,
  SKIP_HOOKS,
  selection,
  walkFlags,
  withFile,
  type SelectionFlags,
  type WalkOptions,
} from '../options/shared.ts';
import { collect } from '../options/values.ts';
import { demandNoArguments } from '../usage.ts';
import { revisionOf } from './revision-number.ts';
import type { Run } from './run.ts';

/** To an earlier revision, and out of an apply that did not come to its end. */
export function addWaysBack(program: Command, run: Run): void {
  const again = (command: Command) =>
    addWalk(
      command.option('--skip-hooks', SKIP_HOOKS).option('--require-zero-downtime', REQUIRE_ZERO_DOWNTIME),
    );
  again(withFile(program.command('rollback [REVISION]')))
    .description('make an earlier revision again; without a number, the one before the current')
    .option('--include <name>', INCLUDE, collect)
    .option('--allow-remove-all', ALLOW_REMOVE_ALL)
    .option('--across-migrations', ACROSS_MIGRATIONS)
    .action((number: string | undefined, flags: SelectionFlags & WalkOptions & { acrossMigrations?: true }) =>
      run(async (context) => {
        const { rollback } = await import('../commands/rollback.ts');
        return rollback(context, revisionOf(number), {
          ...selection(flags),
          ...walkFlags(flags),
          file: flags.file,
          acrossMigrations: flags.acrossMigrations === true,
        });
      }),
    );
  again(withFile(program.command('resume')))
    .description('finish the last apply, which was cut off, stopped or has failed')
    .option('--allow-remove-all', ALLOW_REMOVE_ALL)
    .allowExcessArguments()
    .action((flags: SelectionFlags & WalkOptions, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('resume', args);
        const { resume } = await import('../commands/resume.ts');
        return resume(context, { ...selection(flags), ...walkFlags(flags), file: flags.file });
      }),
    );
  again(withFile(program.command('abort')))
    .description('take the last apply, which did not come to its end, back to the last revision that did')
    .option('--allow-remove-all', ALLOW_REMOVE_ALL)
    .option('--across-migrations', ACROSS_MIGRATIONS)
    .allowExcessArguments()
    .action((flags: SelectionFlags & WalkOptions & { acrossMigrations?: true }, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('abort', args);
        const { abort } = await import('../commands/resume.ts');
        return abort(context, {
          ...selection(flags),
          ...walkFlags(flags),
          file: flags.file,
          acrossMigrations: flags.acrossMigrations === true,
        });
      }),
    );
}
