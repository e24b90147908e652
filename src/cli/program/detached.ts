import type { Command } from 'commander';
import { withFile } from '../options/shared.ts';
import { demandNoArguments, type FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

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
  // For the container that `--detach` makes.
  program
    .command('take-over', { hidden: true })
    .action(() => run(async (context) => (await import('../detach/take-over.ts')).takeOver(context)));
}
