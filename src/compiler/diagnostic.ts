import type { Code } from './codes.ts';
import type { Span } from './span.ts';

/** `error` stops the command; `warning` never changes an exit code. */
export type Severity = 'error' | 'warning';

/** A second place that explains the first (`first defined here`, one hop of a cycle). */
export interface Related {
  readonly span: Span | null;
  readonly message: string;
}

/**
 * One problem, as facts. `message` says what is wrong and where, in lower case, with the thing in
 * backticks; only `help` says what to do. `span` is null where no place in the file is to blame.
 */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span | null;
  readonly related: readonly Related[];
  readonly help: string | null;
}

/** What a stage returns: a value with its warnings, or the diagnostics (at least one error) that stopped it. */
export type Compiled<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** What a diagnostic may leave out when it is made. */
export interface DiagnosticExtras {
  readonly severity?: Severity;
  readonly related?: readonly Related[];
  readonly help?: string;
}

/** Makes a diagnostic; `severity` defaults to `error`, `related` to none, `help` to null. */
export function diagnostic(
  code: Code,
  message: string,
  span: Span | null,
  extras: DiagnosticExtras = {},
): Diagnostic {
  return {
    code,
    severity: extras.severity ?? 'error',
    message,
    span,
    related: extras.related ?? [],
    help: extras.help ?? null,
  };
}

/** Orders by place in the file, then by code, so that the same problems always print the same way. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const offset = (d: Diagnostic) => d.span?.start.offset ?? Number.MAX_SAFE_INTEGER;
  return [...diagnostics].sort(
    (a, b) => offset(a) - offset(b) || a.code.localeCompare(b.code, 'en') || (a.message < b.message ? -1 : 1),
  );
}

/** Ends a stage: the value when nothing is an error, else every diagnostic, sorted. */
export function conclude<T>(value: T, diagnostics: readonly Diagnostic[]): Compiled<T> {
  const sorted = sortDiagnostics(diagnostics);
  return sorted.some((d) => d.severity === 'error')
    ? { ok: false, diagnostics: sorted }
    : { ok: true, value, warnings: sorted };
}
