import type { Diagnostic } from '../../compiler/diagnostic.ts';
import { snakeCase } from './snake-case.ts';

/** Raised when a field of the JSON output changes its meaning. */
export const OUTPUT_FORMAT_VERSION = 1;

/** Diagnostics as JSON values; `file` is null where none was read. */
export function diagnosticsJson(diagnostics: readonly Diagnostic[], file: string | null): readonly unknown[] {
  return diagnostics.map(({ code, severity, message, help, span, related }) => ({
    code,
    severity,
    message,
    help,
    file: span === null ? null : file,
    span,
    related: related.map((place) => snakeCase(place)),
  }));
}
