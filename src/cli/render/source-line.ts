import { escapeHidden } from '../../compiler/source/quote.ts';

const tab = '    ';

// A place inside a line of megabytes is shown without looking at all of it.
const reach = 400;

/** A line of source as a terminal shows it, and the columns that a place takes up in it. */
export interface SourceLine {
  readonly text: string;
  /** Blank columns before the place. */
  readonly indent: number;
  /** Columns of the place, at least one. */
  readonly width: number;
}

interface Cell {
  readonly text: string;
  readonly width: number;
  readonly inside: boolean;
}

/**
 * Lays out a line for at most `columns`: tabs become blanks, hidden characters their escapes, wide characters count
 * twice, and a long line is cut around the place. `start` and `end` count UTF-16 units from 0, `end` exclusive.
 */
export function layOut(line: string, start: number, end: number, columns: number): SourceLine {
  const from = Math.max(0, start - reach);
  // Nothing, as a place, is shown at what stands behind it.
  const cells = cellsOf(line.slice(from, start + reach), start - from, Math.max(end, start + 1) - from);
  const { first, last } = windowOf(cells, columns, from > 0, line.length > start + reach);
  const shown = cells.slice(first, last);
  const before = first > 0 || from > 0 ? '…' : '';
  const after = last < cells.length || line.length > start + reach ? '…' : '';
  const begin = shown.findIndex(({ inside }) => inside);
  const lead = begin === -1 ? shown : shown.slice(0, begin);
  const marked = begin === -1 ? [] : shown.filter(({ inside }) => inside);
  return {
    text: before + shown.map(({ text }) => text).join('') + after,
    indent: before.length + widthOf(lead),
    width: Math.max(1, widthOf(marked)),
  };
}

function cellsOf(text: string, start: number, end: number): readonly Cell[] {
  let offset = 0;
  return Array.from(text, (character): Cell => {
    const at = offset;
    offset += character.length;
    const shown = character === '\t' ? tab : escapeHidden(character);
    return { text: shown, width: columnsOf(shown), inside: at >= start && at < end };
  });
}

/** Keeps the start of the place in the first third, and as much of the rest as fits. */
function windowOf(cells: readonly Cell[], columns: number, cutBefore: boolean, cutAfter: boolean) {
  if (!cutBefore && !cutAfter && widthOf(cells) <= columns) return { first: 0, last: cells.length };
  const begin = cells.findIndex(({ inside }) => inside);
  const place = begin === -1 ? cells.length : begin;
  // Two columns are for the dots.
  let first = place;
  for (let room = Math.floor((columns - 2) / 3); first > 0; first -= 1) {
    room -= cells[first - 1]?.width ?? 0;
    if (room < 0) break;
  }
  let last = first;
  for (let room = columns - 2; last < cells.length; last += 1) {
    room -= cells[last]?.width ?? 0;
    if (room < 0) break;
  }
  return { first, last };
}

function widthOf(cells: readonly Cell[]): number {
  return cells.reduce((sum, { width }) => sum + width, 0);
}

/** Columns on a terminal: marks that combine take none, East Asian wide characters and emoji two. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) columns += combining.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return columns;
}

const combining = /\p{Mn}|\p{Me}/u;
const wide =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{a960}-\u{a97f}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
