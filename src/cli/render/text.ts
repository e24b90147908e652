import { stripVTControlCharacters } from 'node:util';

/** The width of what is not read on a terminal: the same plan reads the same in every log and pull request. */
export const PLAIN_WIDTH = 100;

/** `1 operation`, `3 operations`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Makes control characters visible, so that no value moves the cursor or hides a line. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A digest in a reference is told by its first digits, as an image's id is. */
export function shortDigests(text: string): string {
  return text.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]{52}/g, '$1…');
}

/** Cuts a long text in its middle, whose ends tell the most. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const head = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`;
}

/** Cuts two long texts so that the place where they begin to differ stays to be seen. */
export function shortenPair(from: string, to: string, width: number): readonly [string, string] {
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) same += 1;
  const start = Math.max(0, same - Math.floor(width / 3));
  const cut = (text: string) => {
    if (text.length <= width) return text;
    const head = start === 0 ? '' : '…';
    const rest = text.slice(start);
    return rest.length + head.length <= width
      ? head + rest
      : `${head}${rest.slice(0, width - head.length - 1)}…`;
  };
  return [cut(from), cut(to)];
}

/** How lines of a flow begin, and how wide they are. */
export interface Flow {
  readonly separator: string;
  readonly first: string;
  readonly rest: string;
  readonly width: number;
}

/**
 * Joins parts into lines of at most `width` columns. A part that is longer than a line goes on in the next one between
 * its words; a word is never cut.
 */
export function flow(parts: readonly string[], { separator, first, rest, width }: Flow): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const put = (piece: string, before: string) => {
    // What separates stays at the end of a line that is full.
    const end = before.trimEnd();
    if (!empty && columns(line) + before.length + columns(piece) + end.length > width) {
      lines.push(line + end);
      line = rest + piece;
    } else {
      line += (empty ? '' : before) + piece;
    }
    empty = false;
  };
  for (const part of parts) {
    const whole = Math.max(rest.length, empty ? first.length : 0) + columns(part) <= width;
    const [head = '', ...more] = whole ? [part] : words(part);
    put(head, separator);
    for (const word of more) put(word, ' ');
  }
  lines.push(line);
  return lines;
}

/** One text in lines of at most `width` columns: folded between what stands two blanks apart, else between its words. */
export function fold(text: string, width: number, first: string, rest: string): readonly string[] {
  if (first.length + columns(text) <= width) return [first + text];
  return flow(text.split(/ {2,}/), { separator: '  ', first, rest, width });
}

/** Colours take up none. */
function columns(text: string): number {
  return text.includes('\u001b') ? stripVTControlCharacters(text).length : text.length;
}

/** What stands in backticks is copied into a shell: it stays in one line. */
function words(text: string): readonly string[] {
  return text.match(/(?:[^\s`]|`[^`]*`|`)+/g) ?? [];
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[], word: 'and' | 'or'): string {
  const last = names.at(-1);
  if (last === undefined) return '';
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}

/** Seconds for people: `0.4 s`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (Math.round(seconds) < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `2026-01-31 12:05`, in UTC. */
export function minute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
