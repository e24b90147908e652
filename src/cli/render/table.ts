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
  const widths = columnWidths(headings, rows);
  const line = (cells: readonly Cell[]) =>
    cells
      .map(({ text, style }, column) => ({ text, style, width: widths[column] ?? 0 }))
      .filter(({ width }) => width > 0)
      .map(({ text, style, width }, index, all) => {
        const gap = index === all.length - 1 ? '' : ' '.repeat(width - text.length + GAP);
        return (style === undefined ? text : brush(style, text)) + gap;
      })
      .join('')
      .trimEnd();
  return [line(headings.map((text) => ({ text, style: 'bold' }))), ...rows.map(line)]
    .map((text) => `${text}\n`)
    .join('');
}

/** The columns of a terminal that a table takes. */
export function tableWidth(headings: readonly string[], rows: readonly (readonly Cell[])[]): number {
  const widths = columnWidths(headings, rows).filter((width) => width > 0);
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}

const GAP = 2;

/** 0 for a column that is empty everywhere. */
function columnWidths(headings: readonly string[], rows: readonly (readonly Cell[])[]): readonly number[] {
  return headings.map((heading, column) => {
    const widest = Math.max(0, ...rows.map((row) => row[column]?.text.length ?? 0));
    return widest === 0 ? 0 : Math.max(heading.length, widest);
  });
}
