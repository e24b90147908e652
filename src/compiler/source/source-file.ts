import type { Position, Range, Span } from '../span.ts';

/** JSON is strict (RFC 8259); YAML is 1.2. Decided by the file's ending, `.json` or not. */
export type SourceFormat = 'json' | 'yaml';

/** One stack file's text, and the way from offsets to lines. */
export class SourceFile {
  readonly path: string;
  readonly text: string;
  readonly format: SourceFormat;
  #lineStarts: readonly number[] | null = null;

  constructor(path: string, text: string, format: SourceFormat) {
    this.path = path;
    this.text = text;
    this.format = format;
  }

  /** The text of a line, counted from 1, without its line break; empty beyond the end. */
  line(line: number): string {
    const starts = this.#starts();
    const start = starts[line - 1];
    if (start === undefined) return '';
    const end = starts[line] ?? this.text.length + 1;
    return this.text.slice(start, end).replace(/\r?\n?$/, '');
  }

  /** The line and column of an offset; an offset beyond the text is its end. */
  position(offset: number): Position {
    const at = Math.max(0, Math.min(offset, this.text.length));
    const starts = this.#starts();
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { offset: at, line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  }

  span(range: Range): Span {
    return { start: this.position(range.start), end: this.position(range.end) };
  }

  #starts(): readonly number[] {
    if (this.#lineStarts === null) {
      const starts = [0];
      for (let i = this.text.indexOf('\n'); i !== -1; i = this.text.indexOf('\n', i + 1)) starts.push(i + 1);
      this.#lineStarts = starts;
    }
    return this.#lineStarts;
  }
}
