import { Option, type Command } from 'commander';

import type { PackageSource } from '../../compiler/setup/package-source.ts';
import type { Run } from './run.ts';

const PACKAGES: readonly PackageSource[] = ['distribution', 'docker'];

/** `stack setup`, which makes a machine ready for all the others. */
export function addSetupCommand(program: Command, run: Run): void {
  program
    .command('setup <HOST>')
    .description('make a Debian or Ubuntu behind ssh ready: engine, settings, agent; HOST is a name of ssh')
    .addOption(
      new Option('--packages <whose>', 'where a new engine comes from')
        .choices(PACKAGES)
        .default('distribution'),
    )
    .option('--restart-engine', 'restart the engine for new settings although containers run')
    .option('--dry-run', 'only show what would be done')
    .option('--detailed-exitcode', 'with --dry-run: exit with 2 when something is missing')
    .action((host: string, flags: SetupFlags) =>
      run(async (context) =>
        (await import('../commands/setup.ts')).setup(context, host, {
          packages: flags.packages,
          restartEngine: flags.restartEngine === true,
          dryRun: flags.dryRun === true,
          detailedExitCode: flags.detailedExitcode === true,
        }),
      ),
    );
}

interface SetupFlags {
  readonly packages: PackageSource;
  readonly restartEngine?: true;
  readonly dryRun?: true;
  readonly detailedExitcode?: true;
}
