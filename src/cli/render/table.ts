import { paint, type Style } from './paint.ts';

/** One cell: plain text, and how it looks. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

/** A table of left-aligned columns, two spaces apart; columns that are empty everywhere are left out. */
export function renderTable(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
  color: boolean,
): string {
  const brush = paint(color);
  const used = headings.map((_, column) => rows.some((row) => (row[column]?.text ?? '') !== ''));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.text.length ?? 0)),
  );
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, style }, column) => ({ text, style, column }))
      .filter(({ column }) => used[column] === true)
      .map(({ text, style, column }, index, all) => {
        const gap = index === all.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - text.length + 2);
        return (style === undefined ? text : brush(style, text)) + gap;
      })
      .join('')
      .trimEnd();
  return [line(headings.map((text) => ({ text, style: 'bold' }))), ...rows.map(line)]
    .map((text) => `${text}\n`)
    .join('');
}
