import type { ErrorCode } from 'yaml';
import type { Range } from '../span.ts';
import type { Problems } from './problems.ts';
import { quote } from './quote.ts';
import { yamlMessage } from './yaml-messages.ts';

/** The ways in which the YAML library names a place. */
type Place = number | readonly number[] | { readonly offset: number; readonly source?: string };

/** Takes the library's errors and reports one syntax error a line: others on that line mostly follow from it. */
export class YamlErrors {
  readonly #problems: Problems;
  readonly #lines = new Set<number>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Has the signature of the library's own error handler. */
  readonly add = (place: Place, code: ErrorCode, message: string, warning = false): void => {
    const { source } = this.#problems;
    const range = skipBlanks(rangeOf(place), source.text);
    const { line } = source.position(range.start);
    const firstLine = source.text.slice(range.start, range.end).split('\n', 1)[0] ?? '';
    const text = firstLine.trim() === '' ? 'this' : quote(firstLine.trim(), 30);
    const said = yamlMessage(code, message, text, warning);
    if (said === null || this.#lines.has(line)) return;
    this.#lines.add(line);
    this.#problems.add(said.code, said.message, range, said.help === null ? {} : { help: said.help });
  };
}

/** A wrong indentation is named by the start of its line. */
function skipBlanks(range: Range, text: string): Range {
  let { start } = range;
  while (text[start] === ' ') start += 1;
  const visible = start < text.length && text[start] !== '\n';
  return start === range.start || !visible ? range : { start, end: Math.max(range.end, start + 1) };
}

function rangeOf(place: Place): Range {
  if (typeof place === 'number') return { start: place, end: place + 1 };
  if ('offset' in place) return { start: place.offset, end: place.offset + (place.source?.length ?? 1) };
  const [start = 0, end = start + 1] = place;
  return { start, end };
}
