import type { Code } from '../../compiler/codes.ts';
import type { Diagnostic, Related, Severity } from '../../compiler/diagnostic.ts';
import { escapeHidden } from '../../compiler/source/quote.ts';
import type { SourceFile } from '../../compiler/source/source-file.ts';
import type { Span } from '../../compiler/span.ts';
import { paint, type Paint, type Style } from './paint.ts';
import { layOut } from './source-line.ts';
import { fold, plural } from './text.ts';

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
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  if (diagnostics.length === 0) return '';
  const page: Page = { source, brush: paint(color), width };
  const shown = firstOf(diagnostics);
  const blocks = shown.map((diagnostic) => block(diagnostic, page));
  const cut = shown.length < diagnostics.length ? ` (the first ${shown.length} are shown)` : '';
  return `${[...blocks, `${counts(diagnostics)}${cut}`].join('\n\n')}\n`;
}

/** Nobody reads more, and a file of megabytes can have hundreds of thousands. Where some are left out, errors come first. */
function firstOf(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  if (diagnostics.length <= MOST_SHOWN) return diagnostics;
  const isError = ({ severity }: Diagnostic) => severity === 'error';
  return [...diagnostics.filter(isError), ...diagnostics.filter((one) => !isError(one))].slice(0, MOST_SHOWN);
}

const MOST_SHOWN = 500;

/** What every line of an output depends on. */
interface Page {
  readonly source: SourceFile | null;
  readonly brush: Paint;
  readonly width: number;
}

function block(diagnostic: Diagnostic, page: Page): string {
  const { source, brush, width } = page;
  const { code, severity, message, span, related, help } = diagnostic;
  const places = [span, ...related.map((other) => other.span)];
  const gutter = ' '.repeat(Math.max(...places.map((place) => String(place?.start.line ?? 1).length)));
  const style = severityStyle[severity];
  const lead = `${severity}[${code}]`;
  const lines = fold(escapeHidden(message), width, `${lead}: `, '  ').map((line, index) =>
    brush('bold', index === 0 ? brush(style, lead) + line.slice(lead.length) : line),
  );
  if (span !== null) lines.push(...excerpt(span, page, gutter, '-->', { mark: '^', style, label: '' }));
  else if (source !== null) lines.push(`${gutter}${brush('blue', '-->')} ${source.path}`);
  for (const other of related) lines.push(...relatedLines(other, page, gutter));
  if (help !== null) {
    if (span !== null && source !== null) lines.push(brush('blue', `${gutter} |`));
    lines.push(...remark('help', help, page, gutter));
  }
  return lines.join('\n');
}

function relatedLines({ span, message }: Related, page: Page, gutter: string): readonly string[] {
  if (span === null) return remark('note', escapeHidden(message), page, gutter);
  return excerpt(span, page, gutter, ':::', { mark: '-', style: 'blue', label: escapeHidden(message) });
}

/** Text below a place: `= help: …`, its further lines below its first word. */
function remark(kind: 'help' | 'note', text: string, { brush, width }: Page, gutter: string): string[] {
  const first = `${gutter} = ${kind}: `;
  const rest = ' '.repeat(first.length);
  const lines = text
    .split('\n')
    .flatMap((line, index) => fold(escapeHidden(line), width, index === 0 ? first : rest, rest));
  const [head = '', ...more] = lines;
  const label = kind === 'help' ? brush('cyan', kind) : kind;
  return [`${gutter} ${brush('blue', '=')} ${label}: ${head.slice(first.length)}`, ...more];
}

interface Underline {
  readonly mark: '^' | '-';
  readonly style: Style;
  readonly label: string;
}

/** The place, its line and the line below it that points. A place of several lines is shown by its first. */
function excerpt(
  { start, end }: Span,
  { source, brush, width }: Page,
  gutter: string,
  arrow: string,
  { mark, style, label }: Underline,
): readonly string[] {
  const position = `${start.line}:${start.column}`;
  if (source === null) {
    return [`${gutter}${brush('blue', arrow)} ${position}${label === '' ? '' : ` ${label}`}`];
  }
  const line = source.line(start.line);
  const last = end.line > start.line ? line.trimEnd().length : end.column - 1;
  const shown = layOut(line, start.column - 1, last, width - gutter.length - 3);
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
