import { Option, type Command } from 'commander';

import { LOCK_TIMEOUT, REQUIRE_ZERO_DOWNTIME, withFile } from '../options/shared.ts';
import { natural } from '../options/values.ts';
import type { FileFlag } from '../usage.ts';
import type { Run } from './run.ts';

interface ScaleOptions extends FileFlag {
  readonly lockTimeout?: number;
  readonly requireZeroDowntime?: true;
  readonly byAgent?: true;
  readonly from?: number;
  readonly why?: string;
  readonly roster?: true;
}

/** What was applied is kept on the engine. */
const NAMELESS =
  '\nWhat was applied last is scaled; the stack file says only which stack it is, and `--name STACK` does without it.';

/** How many there are, of what may be more or fewer. */
export function addScaleCommand(program: Command, run: Run): void {
  withFile(program.command('scale [NAME=N...]'))
    .description('give containers another number of instances, within `min` and `max` of their `scale`')
    .addHelpText('after', NAMELESS)
    .option('--lock-timeout <seconds>', LOCK_TIMEOUT, natural)
    .option('--require-zero-downtime', REQUIRE_ZERO_DOWNTIME)
    // For the agent.
    .addOption(new Option('--by-agent').hideHelp())
    .addOption(new Option('--from <n>').hideHelp().argParser(natural))
    .addOption(new Option('--why <words>').hideHelp())
    .addOption(new Option('--roster').hideHelp())
    .action((words: readonly string[], flags: ScaleOptions) =>
      run(async (context) => {
        const {
          file,
          lockTimeout = 0,
          requireZeroDowntime,
          byAgent,
          from = null,
          why = null,
          roster,
        } = flags;
        if (roster === true) return (await import('../scale/roster.ts')).tellRoster(context, file);
        return (await import('../commands/scale.ts')).scale(context, words, {
          file,
          lockTimeoutS: lockTimeout,
          requireZeroDowntime: requireZeroDowntime === true,
          byAgent: byAgent === true,
          from,
          why,
        });
      }),
    );
}
