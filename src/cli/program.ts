import { Command, CommanderError, Option } from 'commander';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import type { GlobalOptions, Io } from './io.ts';
import {
  ACROSS_MIGRATIONS,
  addSelection,
  addWalk,
  ALLOW_REMOVE_ALL,
  INCLUDE,
  LOCK_TIMEOUT,
  REQUIRE_ZERO_DOWNTIME,
  SKIP_HOOKS,
  selection,
  walkFlags,
  withFile,
  type SelectionFlags,
  type WalkOptions,
} from './options/shared.ts';
import { collect, natural, positive } from './options/values.ts';
import { runCommand, type Command as Run } from './run-command.ts';
import { demandNoArguments, demandSeparator, oneFile, type FileFlag } from './usage.ts';

const DEFAULT_PARALLELISM = 10;

/** Runs the command that the words say, and gives the exit code. Every command is loaded only when it is wanted. */
export async function main(words: readonly string[], io: Io, version: string): Promise<number> {
  let code: number = exitCode.done;
  const program = new Command('stack');
  const run = async (command: Run): Promise<void> => {
    code = await runCommand(io, globalOptions(program), command);
  };
  describe(program, io, version);
  addStackCommands(program, run);
  addWaysBack(program, run);
  addDetached(program, run);
  addInstanceCommands(program, words, run);
  addAgentCommands(program, run);
  try {
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has written what there is to say. Help that was asked for is no mistake.
    return error.exitCode === 0 ? exitCode.done : exitCode.usage;
  }
  return code;
}

function describe(program: Command, io: Io, version: string): void {
  program
    .description('Compile a stack file into a plan and apply it to Docker Engine.')
    .version(version, '-V, --version', 'print the version')
    .option(
      '--name <name>',
      "the stack's name, instead of the file's own; for a running stack without a file",
    )
    .option('--context <name>', 'the docker context to use')
    .option('--host <address>', 'the engine: unix://, tcp:// or ssh://')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .option('--no-color', 'print no colours')
    .option('--verbose', 'print more')
    .option('--parallelism <n>', 'operations at the same time', positive, DEFAULT_PARALLELISM)
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(`stack --help` tells more)')
    .exitOverride();
}

function addStackCommands(program: Command, run: (command: Run) => Promise<void>): void {
  withFile(program.command('validate [FILE]'))
    .description('check a stack file without asking an engine')
    .action((file: string | undefined, flags: FileFlag) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        return (await import('./commands/validate.ts')).validate(context, chosen);
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
        return (await import('./commands/plan.ts')).plan(context, chosen, {
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
        const { apply } = await import('./commands/apply.ts');
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
        const { destroy } = await import('./commands/destroy.ts');
        return destroy(context, chosen, {
          volumes: flags.volumes === true,
          skipHooks: flags.skipHooks === true,
          lockTimeoutS: flags.lockTimeout ?? 0,
        });
      }),
    );
}

function addWaysBack(program: Command, run: (command: Run) => Promise<void>): void {
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
        const { rollback } = await import('./commands/rollback.ts');
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
        const { resume } = await import('./commands/resume.ts');
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
        const { abort } = await import('./commands/resume.ts');
        return abort(context, {
          ...selection(flags),
          ...walkFlags(flags),
          file: flags.file,
          acrossMigrations: flags.acrossMigrations === true,
        });
      }),
    );
}

function addDetached(program: Command, run: (command: Run) => Promise<void>): void {
  withFile(program.command('attach'))
    .description('follow an apply that was begun with `--detach`')
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('attach', args);
        return (await import('./commands/attach.ts')).attach(context, flags.file);
      }),
    );
  // For the container that `--detach` makes.
  program
    .command('take-over', { hidden: true })
    .action(() => run(async (context) => (await import('./detach/take-over.ts')).takeOver(context)));
}

function addInstanceCommands(
  program: Command,
  words: readonly string[],
  run: (command: Run) => Promise<void>,
): void {
  withFile(program.command('status'))
    .description('show the instances of a stack')
    .option('--detailed-exitcode', 'exit with 2 when one does not run or answer, or was changed by hand')
    .allowExcessArguments()
    .action((flags: FileFlag & { detailedExitcode?: true }, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('status', args);
        const detailedExitCode = flags.detailedExitcode === true;
        return (await import('./commands/status.ts')).status(context, flags.file, { detailedExitCode });
      }),
    );
  withFile(program.command('history [REVISION]'))
    .description('show what was applied, when and by whom, or one apply with its operations')
    .action((number: string | undefined, flags: FileFlag) =>
      run(async (context) => {
        const revision = revisionOf(number);
        return (await import('./commands/history.ts')).history(context, flags.file, revision);
      }),
    );
  withFile(program.command('cleanup [FILE]'))
    .description('remove what a stack has left behind: images, ended generations, networks; never a volume')
    .option('--dry-run', 'only show what would be removed')
    .action((file: string | undefined, flags: FileFlag & { dryRun?: true }) =>
      run(async (context) => {
        const chosen = oneFile(file, flags);
        const { cleanup } = await import('./commands/cleanup.ts');
        return cleanup(context, chosen, { dryRun: flags.dryRun === true });
      }),
    );
  withFile(program.command('unlock'))
    .description('take the lock of a stack away from who holds it')
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('unlock', args);
        return (await import('./commands/unlock.ts')).unlock(context, flags.file);
      }),
    );
  program
    .command('ls')
    .description('show the stacks on an engine')
    .action(() => run(async (context) => (await import('./commands/ls.ts')).ls(context)));
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
          (await import('./commands/logs.ts')).logs(context, names, {
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
        return (await import('./commands/exec.ts')).exec(context, name, command, flagsOf(flags));
      }),
    );
  withFile(program.command('run <NAME> [CMD...]'))
    .description('run a container of the file once, in a fresh container of its own')
    .option('-T, --no-tty', 'no terminal inside')
    .allowUnknownOption()
    .action((name: string, command: readonly string[], flags: FileFlag & { tty: boolean }) =>
      run(async (context) => {
        demandSeparator('run', words, name, command);
        return (await import('./commands/run.ts')).runOnce(context, name, command, flagsOf(flags));
      }),
    );
}

function addAgentCommands(program: Command, run: (command: Run) => Promise<void>): void {
  const agent = program.command('agent').description('the small container of ours beside a stack');
  agent
    .command('build')
    .description("build this version's agent image on the engine")
    .action(() => run(async (context) => (await import('./commands/agent.ts')).agentBuild(context)));
  withFile(agent.command('status'))
    .description("show a stack's agents")
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('agent status', args);
        return (await import('./commands/agent.ts')).agentStatus(context, flags.file);
      }),
    );
  agent
    .command('logs')
    .description("show the output of a stack's agents")
    .option('--file <file>', 'the stack file')
    .option('--tail <n>', 'only so many lines from the end', natural)
    .allowExcessArguments()
    .action((flags: FileFlag & { tail?: number }, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('agent logs', args);
        return (await import('./commands/agent.ts')).agentLogs(context, flags.file, flags.tail ?? null);
      }),
    );
}

function flagsOf({ file, tty }: FileFlag & { readonly tty: boolean }): {
  readonly file: string | undefined;
  readonly tty: boolean;
} {
  return { file, tty };
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

function globalOptions(program: Command): GlobalOptions {
  const found = program.opts<{
    name?: string;
    context?: string;
    host?: string;
    yes?: true;
    json?: true;
    color: boolean;
    verbose?: true;
    parallelism: number;
  }>();
  return {
    name: found.name ?? null,
    context: found.context ?? null,
    host: found.host ?? null,
    yes: found.yes === true,
    json: found.json === true,
    color: found.color,
    verbose: found.verbose === true,
    parallelism: found.parallelism,
  };
}

function revisionOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandFailure(
    exitCode.usage,
    `\`${text}\` is no revision: they are numbers from 1`,
    /\.(json|ya?ml)$/.test(text)
      ? `the stack file is named by an option: \`stack history --file ${text}\``
      : '`stack history` lists them',
  );
}
