import type { Diagnostic } from '../compiler/diagnostic.ts';
import type { SourceFile } from '../compiler/source/source-file.ts';

/** Ends a command with a sentence for people; never a bug of ours. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;
  readonly help: string | null;
  /** One line each, below the message. */
  readonly details: readonly string[];

  constructor(code: number, message: string, help: string | null = null, details: readonly string[] = []) {
    super(message);
    this.exitCode = code;
    this.help = help;
    this.details = details;
  }
}

/** Ends a command with diagnostics, shown with their places where there is a source. */
export class DiagnosticsFailure extends Error {
  override readonly name = 'DiagnosticsFailure';
  readonly exitCode: number;
  readonly diagnostics: readonly Diagnostic[];
  readonly source: SourceFile | null;
  /** What does without the source; null: nothing. */
  readonly help: string | null;

  constructor(
    code: number,
    diagnostics: readonly Diagnostic[],
    source: SourceFile | null,
    help: string | null = null,
  ) {
    super(diagnostics[0]?.message ?? 'invalid');
    this.help = help;
    this.exitCode = code;
    this.diagnostics = diagnostics;
    this.source = source;
  }
}
