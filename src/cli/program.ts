import { Command, CommanderError } from 'commander';
import { exitCode } from './exit-code.ts';
import type { GlobalOptions, Io } from './io.ts';
import { positive } from './options/values.ts';
import { addAgentCommands } from './program/agent-commands.ts';
import { addCronCommands } from './program/cron-commands.ts';
import { addDetached } from './program/detached.ts';
import { addHelpCommand } from './program/help-command.ts';
import { addImportCommands } from './program/import-commands.ts';
import { addInstanceCommands } from './program/instance-commands.ts';
import type { Run } from './program/run.ts';
import { addScaleCommand } from './program/scale-command.ts';
import { addSetupCommand } from './program/setup-command.ts';
import { addStackCommands } from './program/stack-commands.ts';
import { addWaysBack } from './program/ways-back.ts';
import { runCommand } from './run-command.ts';

const DEFAULT_PARALLELISM = 10;

/** Runs the command that the words say, and gives the exit code. Every command is loaded only when it is wanted. */
export async function main(words: readonly string[], io: Io, version: string): Promise<number> {
  let code: number = exitCode.done;
  const program = new Command('stack');
  const run: Run = async (command) => {
    code = await runCommand(io, globalOptions(program), command);
  };
  describe(program, io, version);
  addStackCommands(program, run);
  addWaysBack(program, run);
  addScaleCommand(program, run);
  addDetached(program, run);
  addInstanceCommands(program, words, run);
  addCronCommands(program, run);
  addAgentCommands(program, run);
  addImportCommands(program, run);
  addSetupCommand(program, run);
  addHelpCommand(program, run);
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
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError('(`stack --help` tells more)')
    .exitOverride();
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
