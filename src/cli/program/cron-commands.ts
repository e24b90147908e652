import type { Command } from 'commander';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { demandNoArguments, type FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

/** What runs by the clock. */
export function addCronCommands(program: Command, run: Run): void {
  const cron = program
    .command('cron')
    .description('show the jobs of a stack: when each ran last, and when it runs next')
    .option('--file <file>', 'the stack file')
    .helpCommand('help [command]', 'print the help of a command')
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('cron', args);
        return (await import('../commands/cron.ts')).cronList(context, flags.file);
      }),
    );
  // Its own arguments are told apart from what is no command of it; theirs are counted.
  const add = (words: string) => cron.command(words).allowExcessArguments(false);
  add('run <NAME>')
    .description('run a job now, as if it were due, and show its output')
    .option('--file <file>', 'the stack file')
    .option('-d, --detach', 'do not wait for its end')
    .action((name: string, flags: FileFlag & { detach?: true }) =>
      run(async (context) =>
        (await import('../commands/cron-run.ts')).cronRun(context, name, {
          file: fileOf(cron, flags),
          detach: flags.detach === true,
        }),
      ),
    );
  add('history <NAME>')
    .description('show the runs of a job')
    .option('--file <file>', 'the stack file')
    .action((name: string, flags: FileFlag) =>
      run(async (context) =>
        (await import('../commands/cron.ts')).cronHistory(context, name, fileOf(cron, flags)),
      ),
    );
  add('logs <NAME> [RUN]')
    .description('show what a run of a job has written; the newest unless RUN is named')
    .option('--file <file>', 'the stack file')
    .option('-f, --follow', 'go on with what comes until it ends')
    .action((name: string, number: string | undefined, flags: FileFlag & { follow?: true }) =>
      run(async (context) =>
        (await import('../commands/cron-logs.ts')).cronLogs(context, name, {
          file: fileOf(cron, flags),
          run: runOf(number, name),
          follow: flags.follow === true,
        }),
      ),
    );
  for (const [word, isPaused] of [
    ['pause', true],
    ['resume', false],
  ] as const) {
    add(`${word} <NAME>`)
      .description(
        isPaused ? 'leave out the runs of a job until it is resumed' : 'let a job run by its schedule again',
      )
      .option('--file <file>', 'the stack file')
      .action((name: string, flags: FileFlag) =>
        run(async (context) =>
          (await import('../commands/cron.ts')).cronPause(context, name, isPaused, fileOf(cron, flags)),
        ),
      );
  }
}

/** `stack cron --file F run NAME` names it before the word. */
function fileOf(cron: Command, flags: FileFlag): string | undefined {
  return flags.file ?? cron.opts<FileFlag>().file;
}

function runOf(text: string | undefined, name: string): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandFailure(
    exitCode.usage,
    `\`${text}\` is no run: they are numbers from 1`,
    `\`stack cron history ${name}\` lists them`,
  );
}
