import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { DiagnosticsFailure } from './failure.ts';
import type { CommandContext } from './io.ts';
import type { LoadedSpec } from './stack-file.ts';

/** The stack that a command is about. */
export interface NamedStack {
  readonly stack: string;
  /** What its file says; null for `--name` without a file. */
  readonly spec: StackSpec | null;
  /** With what else is known of the file. */
  readonly loaded: LoadedSpec | null;
}

/**
 * Which stack is meant: `--name` without a file, or the name that the stack file gives (and `--name` overrides).
 * The compiler is loaded only for a file.
 */
export async function namedStack(context: CommandContext, file: string | undefined): Promise<NamedStack> {
  if (context.options.name !== null && file === undefined)
    return { stack: context.options.name, spec: null, loaded: null };
  const { loadSpec } = await import('./stack-file.ts');
  const loaded = await loadSpec(context, file, { nameWillDo: true }).catch((error: unknown) => {
    if (!(error instanceof DiagnosticsFailure)) throw error;
    const { exitCode: code, diagnostics, source } = error;
    throw new DiagnosticsFailure(
      code,
      diagnostics,
      source,
      'help: `--name STACK` does without the stack file',
    );
  });
  return { stack: loaded.spec.name, spec: loaded.spec, loaded };
}
