/** A place in a source text: `offset` counts UTF-16 units from 0, `line` and `column` from 1. */
export interface Position {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** A half-open stretch of a source text. */
export interface Span {
  readonly start: Position;
  readonly end: Position;
}

/** A half-open stretch as offsets alone; `SourceFile.span` turns it into a {@link Span}. */
export interface Range {
  readonly start: number;
  readonly end: number;
}
