import type { Command } from 'commander';
import type { Run } from './run.ts';

/** The way in for what runs already. */
export function addImportCommands(program: Command, run: Run): void {
  program
    .command('import')
    .description('write a first stack file from what is there already')
    .command('running [NAME...]')
    .description('from the containers that run; NAME is a container or a Compose project')
    .option('-o, --out <file>', 'write it there; a name that ends in `.json` gives JSON')
    .action((names: readonly string[], flags: { readonly out?: string }) =>
      run(async (context) => {
        const { importStack } = await import('../commands/import.ts');
        return importStack(context, names, { out: flags.out ?? null });
      }),
    );
}
