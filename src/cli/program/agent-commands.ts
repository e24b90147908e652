import type { Command } from 'commander';
import { withFile } from '../options/shared.ts';
import { natural } from '../options/values.ts';
import { demandNoArguments, type FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

/** What a stack has beside it. */
export function addAgentCommands(program: Command, run: Run): void {
  const agent = program.command('agent').description('the small container of ours beside a stack');
  agent
    .command('build')
    .description("build this version's agent image on the engine")
    .action(() => run(async (context) => (await import('../commands/agent.ts')).agentBuild(context)));
  withFile(agent.command('status'))
    .description("show a stack's agents")
    .allowExcessArguments()
    .action((flags: FileFlag, { args }: Command) =>
      run(async (context) => {
        demandNoArguments('agent status', args);
        return (await import('../commands/agent.ts')).agentStatus(context, flags.file);
      }),
    );
  agent
    .command('logs [AGENT...]')
    .description("show the output of a stack's agents; AGENT is `stack`, `host` or `engine`")
    .option('--file <file>', 'the stack file')
    .option('-f, --follow', 'go on with what comes, from new agents too')
    .option('--tail <n>', 'only so many lines from the end', natural)
    .option('--timestamps', 'with the time of every line')
    .action(
      (names: readonly string[], flags: FileFlag & { follow?: true; tail?: number; timestamps?: true }) =>
        run(async (context) =>
          (await import('../commands/agent.ts')).agentLogs(context, names, {
            file: flags.file,
            follow: flags.follow === true,
            tail: flags.tail ?? null,
            timestamps: flags.timestamps === true,
          }),
        ),
    );
}
