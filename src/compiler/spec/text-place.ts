import type { ScalarNode } from '../source/document.ts';
import type { SourceFile } from '../source/source-file.ts';
import type { Range } from '../span.ts';

/** Where a string stands. `exact` is the offset of its first character when it is written without escapes, else null. */
export interface TextPlace {
  readonly range: Range;
  readonly exact: number | null;
}

/** The place of a scalar's text. */
export function textPlace(source: SourceFile, node: ScalarNode): TextPlace {
  const { range } = node;
  const written = source.text.slice(range.start, range.end);
  const text = String(node.value);
  if (written === text) return { range, exact: range.start };
  const quoted = written.length >= 2 && (written[0] === '"' || written[0] === "'");
  return { range, exact: quoted && written.slice(1, -1) === text ? range.start + 1 : null };
}

/** A stretch of the text in the file: exact where it can be, else the whole value. */
export function placeRange(place: TextPlace, start: number, end: number): Range {
  if (place.exact === null || end <= start) return place.range;
  return { start: place.exact + start, end: place.exact + end };
}
