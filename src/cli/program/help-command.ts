import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { suggestion } from '../names.ts';
import type { Run } from './run.ts';

/** `stack help [command...]`: of a command inside of another one too, as in `stack help cron run`. After all others. */
export function addHelpCommand(program: Command, run: Run): void {
  program
    .helpCommand(false)
    .command('help [command...]')
    .description('print the help of a command')
    .action((words: readonly string[]) => {
      const { found, unknown } = commandOf(program, words);
      if (unknown === null) return found.help();
      return run(async () => {
        throw new CommandFailure(
          exitCode.usage,
          `there is no command \`stack ${unknown}\``,
          suggestion(
            unknown.split(' ').at(-1) ?? '',
            found.commands.map((each) => each.name()),
          ) ?? '`stack help` lists them',
        );
      });
    });
}

/** The command that words name; `unknown`: as far as to the first that names none. */
function commandOf(
  program: Command,
  words: readonly string[],
): { readonly found: Command; readonly unknown: string | null } {
  let found = program;
  for (const [at, word] of words.entries()) {
    const next = found.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) return { found, unknown: words.slice(0, at + 1).join(' ') };
    found = next;
  }
  return { found, unknown: null };
}
