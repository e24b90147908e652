import type { Code } from '../../compiler/codes.ts';
import type { Diagnostic, Related, Severity } from '../../compiler/diagnostic.ts';
import { escapeHidden } from '../../compiler/source/quote.ts';
import type { SourceFile } from '../../compiler/source/source-file.ts';
import type { Span } from '../../compiler/span.ts';
import { paint, type Paint, type Style } from './paint.ts';
import { layOut } from './source-line.ts';
import { plural, WIDTH } from './text.ts';

/** The codes that only say how many problems were left out. */
const uncounted: ReadonlySet<Code> = new Set(['STK113', 'STK207']);

const severityStyle: Readonly<Record<Severity, Style>> = { error: 'red', warning: 'yellow' };

/**
 * Shows diagnostics to people: each with its place in the source underlined, the places that explain it, its help, and
 * a last line of counts. Without a source only the positions are shown. Ends with a line break; empty for none.
 */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  source: SourceFile | null,
  { color }: { readonly color: boolean },
): string {
  if (diagnostics.length === 0) return '';
  const brush = paint(color);
  const blocks = diagnostics.map((diagnostic) => block(diagnostic, source, brush));
  return `${[...blocks, counts(diagnostics)].join('\n\n')}\n`;
}

function block(diagnostic: Diagnostic, source: SourceFile | null, brush: Paint): string {
  const { code, severity, message, span, related, help } = diagnostic;
  const places = [span, ...related.map((other) => other.span)];
  const gutter = ' '.repeat(Math.max(...places.map((place) => String(place?.start.line ?? 1).length)));
  const style = severityStyle[severity];
  const title = `${brush(style, `${severity}[${code}]`)}: ${oneLine(message)}`;
  const lines = [brush('bold', title)];
  if (span !== null)
    lines.push(...excerpt(span, source, gutter, '-->', { mark: '^', style, label: '' }, brush));
  else if (source !== null) lines.push(`${gutter}${brush('blue', '-->')} ${source.path}`);
  for (const other of related) lines.push(...relatedLines(other, source, gutter, brush));
  if (help !== null) {
    if (span !== null && source !== null) lines.push(brush('blue', `${gutter} |`));
    const [first = '', ...rest] = help.split('\n');
    lines.push(`${gutter} ${brush('blue', '=')} ${brush('cyan', 'help')}: ${escapeHidden(first)}`);
    for (const line of rest) lines.push(`${gutter}         ${escapeHidden(line)}`);
  }
  return lines.join('\n');
}

function relatedLines({ span, message }: Related, source: SourceFile | null, gutter: string, brush: Paint) {
  if (span === null) return [`${gutter} ${brush('blue', '=')} note: ${oneLine(message)}`];
  const label = oneLine(message);
  return excerpt(span, source, gutter, ':::', { mark: '-', style: 'blue', label }, brush);
}

interface Underline {
  readonly mark: '^' | '-';
  readonly style: Style;
  readonly label: string;
}

/** The place, its line and the line below it that points. A place of several lines is shown by its first. */
function excerpt(
  { start, end }: Span,
  source: SourceFile | null,
  gutter: string,
  arrow: string,
  { mark, style, label }: Underline,
  brush: Paint,
): readonly string[] {
  const position = `${start.line}:${start.column}`;
  if (source === null) {
    return [`${gutter}${brush('blue', arrow)} ${position}${label === '' ? '' : ` ${label}`}`];
  }
  const line = source.line(start.line);
  const last = end.line > start.line ? line.trimEnd().length : end.column - 1;
  const shown = layOut(line, start.column - 1, last, WIDTH - gutter.length - 3);
  const bar = brush('blue', `${gutter} |`);
  const number = String(start.line).padStart(gutter.length);
  const pointer = mark.repeat(shown.width) + (label === '' ? '' : ` ${label}`);
  return [
    `${gutter}${brush('blue', arrow)} ${source.path}:${position}`,
    bar,
    `${brush('blue', `${number} |`)} ${shown.text}`.trimEnd(),
    `${bar} ${' '.repeat(shown.indent)}${brush(style, pointer)}`,
  ];
}

function counts(diagnostics: readonly Diagnostic[]): string {
  const counted = diagnostics.filter(({ code }) => !uncounted.has(code));
  const errors = counted.filter(({ severity }) => severity === 'error').length;
  const warnings = counted.length - errors;
  const words = [
    ...(errors > 0 ? [plural(errors, 'error')] : []),
    ...(warnings > 0 ? [plural(warnings, 'warning')] : []),
    ...(counted.length < diagnostics.length ? ['and more'] : []),
  ];
  return words.join(', ');
}

/** Messages quote what the file says, and a file may say anything. */
function oneLine(message: string): string {
  return escapeHidden(message);
}
