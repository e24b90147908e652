import type { Command } from 'commander';
import { withFile } from '../options/shared.ts';
import { collect } from '../options/values.ts';
import { demandNoArguments, type FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

interface HealOptions {
  readonly replace?: readonly string[];
  readonly by?: string;
  readonly roster?: true;
}

/** What goes on without the terminal that began it. */
export function addDetached(program: Command, run: Run): void {
  withFile(program.command('attach'))
    .description('follow an apply that was begun with `--detach`')
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('attach', args);
        return (await import('../commands/attach.ts')).attach(context, flags.file);
      }),
    );
  // For the agent.
  withFile(program.command('heal [NAMES...]', { hidden: true }))
    .option('--replace <name>', 'replace this instance, which runs', collect)
    .option('--by <who>', 'who asks')
    .option('--roster', 'only tell which instances are to be watched')
    .action((names: readonly string[], flags: FileFlag & HealOptions) =>
      run(async (context) => {
        const { replace = [], by = null, file, roster = false } = flags;
        return (await import('../commands/heal.ts')).heal(context, names, { file, replace, by, roster });
      }),
    );
  // For the container that `--detach` makes.
  program
    .command('take-over', { hidden: true })
    .action(() => run(async (context) => (await import('../detach/take-over.ts')).takeOver(context)));
}
