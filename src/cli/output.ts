import type { Diagnostic } from '../compiler/diagnostic.ts';
import type { SourceFile } from '../compiler/source/source-file.ts';
import type { CommandContext, OutputStream } from './io.ts';
import { usesColor } from './render/paint.ts';
import { PLAIN_WIDTH } from './render/text.ts';

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
  const text = renderDiagnostics(diagnostics, source, styleFor(context, context.io.stderr));
  context.io.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Whether to colour what goes to a stream. */
export function colorFor({ io, options }: CommandContext, stream: OutputStream): boolean {
  return usesColor(stream, io.env, options.color);
}

/** Of a terminal that does not say. */
const SOME_COLUMNS = 80;

/** Narrower than this nothing can be read anyway. */
const FEWEST_COLUMNS = 40;

/** The columns of a terminal; null for everything else, which has no edge. */
export function columnsOf({ isTTY, columns }: OutputStream): number | null {
  if (isTTY !== true) return null;
  // A pseudo-terminal that nobody has measured says 0.
  return Math.max(FEWEST_COLUMNS, columns === undefined || columns === 0 ? SOME_COLUMNS : columns);
}

/** How text that is folded looks on a stream. */
export function styleFor(
  context: CommandContext,
  stream: OutputStream,
): { readonly color: boolean; readonly verbose: boolean; readonly width: number } {
  return {
    color: colorFor(context, stream),
    verbose: context.options.verbose,
    width: columnsOf(stream) ?? PLAIN_WIDTH,
  };
}
