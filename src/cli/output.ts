import type { Diagnostic } from '../compiler/diagnostic.ts';
import type { SourceFile } from '../compiler/source/source-file.ts';
import type { CommandContext, OutputStream } from './io.ts';
import { usesColor } from './render/paint.ts';

/** Writes data: what another program may read. */
export function writeData({ io }: CommandContext, text: string): void {
  if (!io.outputClosed.aborted) io.stdout.write(text);
}

/** Writes one line for people: progress, questions, errors. */
export function writeNote({ io }: CommandContext, text: string): void {
  io.stderr.write(`${text}\n`);
}

/** Shows diagnostics on standard error, with their places where there is a source. */
export async function writeDiagnostics(
  context: CommandContext,
  diagnostics: readonly Diagnostic[],
  source: SourceFile | null,
): Promise<void> {
  if (diagnostics.length === 0) return;
  // A file without anything to say does not pay for the renderer.
  const { renderDiagnostics } = await import('./render/diagnostic.ts');
  const text = renderDiagnostics(diagnostics, source, { color: colorFor(context, context.io.stderr) });
  context.io.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Whether to colour what goes to a stream. */
export function colorFor({ io, options }: CommandContext, stream: OutputStream): boolean {
  return usesColor(stream, io.env, options.color);
}
