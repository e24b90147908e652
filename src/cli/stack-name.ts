import type { CommandContext } from './io.ts';

/**
 * Which stack is meant: `--name` without a file, or the name that the stack file gives (and `--name` overrides).
 * The compiler is loaded only for a file.
 */
export async function stackName(context: CommandContext, file: string | undefined): Promise<string> {
  if (context.options.name !== null && file === undefined) return context.options.name;
  const { loadSpec } = await import('./stack-file.ts');
  return (await loadSpec(context, file)).spec.name;
}
