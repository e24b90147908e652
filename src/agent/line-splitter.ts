const NEWLINE = 0x0a;

/** A whole line without its end, or null for one that was longer than allowed. */
export type SplitLine = string | null;

/**
 * Cuts a byte stream into lines, whatever the chunks. Of a line longer than `limitBytes` nothing is kept: it
 * comes out as one null when its end arrives. What follows the last line end is dropped.
 */
export function lineSplitter(limitBytes: number): (chunk: Uint8Array) => SplitLine[] {
  // Bytes, not text: a chunk may end within a character.
  let pieces: Uint8Array[] = [];
  let length = 0;
  const add = (piece: Uint8Array): void => {
    length += piece.length;
    if (length <= limitBytes) pieces.push(piece);
    else pieces = [];
  };
  const take = (): SplitLine => {
    const line = length > limitBytes ? null : Buffer.concat(pieces).toString('utf8');
    pieces = [];
    length = 0;
    return line;
  };
  return (chunk) => {
    const lines: SplitLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      add(chunk.subarray(from, at));
      lines.push(take());
      from = at + 1;
    }
    if (from < chunk.length) add(chunk.subarray(from));
    return lines;
  };
}
