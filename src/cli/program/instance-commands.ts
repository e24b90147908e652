import type { Command } from 'commander';
import { withFile } from '../options/shared.ts';
import { natural } from '../options/values.ts';
import { demandNoArguments, demandSeparator, oneFile, type FileFlag } from '../usage.ts';
import { revisionOf } from './revision-number.ts';
import type { Run } from './run.ts';

/** What runs, and what became of it. `words`: the command line, for its `--`. */
export function addInstanceCommands(program: Command, words: readonly string[], run: Run): void {
  withFile(program.command('status'))
    .description('show the instances of a stack')
    .option('--detailed-exitcode', 'exit with 2 when one does not run or answer, or was changed by hand')
    .allowExcessArguments()
    .action((flags: FileFlag & { detailedExitcode?: true }, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('status', args);
        const detailedExitCode = flags.detailedExitcode === true;
        return (await import('../commands/status.ts')).status(context, flags.file, { detailedExitCode });
      }),
    );
  withFile(program.command('history [REVISION]'))
    .description('show what was applied, when and by whom, or one apply with its operations')
    .action((number: string | undefined, flags: FileFlag) =>
      run(async (context) => {
        const revision = revisionOf(number);
        return (await import('../commands/history.ts')).history(context, flags.file, revision);
      }),
    );
  withFile(program.command('cleanup [FILE]'))
    .description('remove what a stack has left behind: images, ended generations, networks; never a volume')
    .option('--dry-run', 'only show what would be removed')
    .action((file: string | undefined, flags: FileFlag & { dryRun?: true }) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        const { cleanup } = await import('../commands/cleanup.ts');
        return cleanup(context, chosen, { dryRun: flags.dryRun === true });
      }),
    );
  withFile(program.command('unlock'))
    .description('take the lock of a stack away from who holds it')
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('unlock', args);
        return (await import('../commands/unlock.ts')).unlock(context, flags.file);
      }),
    );
  program
    .command('ls')
    .description('show the stacks on an engine')
    .action(() => run(async (context) => (await import('../commands/ls.ts')).ls(context)));
  program
    .command('logs [NAME...]')
    .description('show the output of instances; NAME is an instance or a container')
    .option('--file <file>', 'the stack file')
    .option('-f, --follow', 'go on with what comes, from new generations too')
    .option('--tail <n>', 'only so many lines from the end', natural)
    .option('--timestamps', 'with the time of every line')
    .action(
      (names: readonly string[], flags: FileFlag & { follow?: true; tail?: number; timestamps?: true }) =>
        run(async (context) =>
          (await import('../commands/logs.ts')).logs(context, names, {
            file: flags.file,
            follow: flags.follow === true,
            tail: flags.tail ?? null,
            timestamps: flags.timestamps === true,
          }),
        ),
    );
  withFile(program.command('exec <NAME> <CMD...>'))
    .description('run a command in a running instance; put `--` before a command with options')
    .option('-T, --no-tty', 'no terminal inside')
    .allowUnknownOption()
    .action((name: string, command: readonly string[], flags: FileFlag & { tty: boolean }) =>
      run(async (context) => {
        demandSeparator('exec', words, name, command);
        return (await import('../commands/exec.ts')).exec(context, name, command, flagsOf(flags));
      }),
    );
  withFile(program.command('run <NAME> [CMD...]'))
    .description('run a container of the file once, in a fresh container of its own')
    .option('-T, --no-tty', 'no terminal inside')
    .allowUnknownOption()
    .action((name: string, command: readonly string[], flags: FileFlag & { tty: boolean }) =>
      run(async (context) => {
        demandSeparator('run', words, name, command);
        return (await import('../commands/run.ts')).runOnce(context, name, command, flagsOf(flags));
      }),
    );
}

function flagsOf({ file, tty }: FileFlag & { readonly tty: boolean }): {
  readonly file: string | undefined;
  readonly tty: boolean;
} {
  return { file, tty };
}
