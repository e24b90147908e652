import { createScanner, type JSONScanner } from 'jsonc-parser';
import type { Range } from '../span.ts';
import type { Problems } from './problems.ts';
import { quote } from './quote.ts';

/** One token of a JSON text. `word` is anything that JSON does not know; `value` is only meaningful for scalars. */
export interface JsonToken extends Range {
  readonly kind: '{' | '}' | '[' | ']' | ',' | ':' | 'string' | 'number' | 'literal' | 'word' | 'end';
  readonly value: string | number | boolean | null;
  /** Where it ends is a guess: what follows on the same line may well belong to it. */
  readonly damaged: boolean;
}

// jsonc-parser's own enums are ambient and `const`, out of reach for a file that is compiled alone.
const kinds: Readonly<Record<number, JsonToken['kind']>> = {
  1: '{',
  2: '}',
  3: '[',
  4: ']',
  5: ',',
  6: ':',
  7: 'literal',
  8: 'literal',
  9: 'literal',
  10: 'string',
  11: 'number',
  16: 'word',
  17: 'end',
};
const lineComment = 12;
const blockComment = 13;
const unclosedString = 2;

/** Splits a JSON text into tokens; comments and damaged strings and numbers are reported and skipped over. */
export class JsonTokens {
  readonly #scanner: JSONScanner;
  readonly #text: string;
  readonly #problems: Problems;

  constructor(text: string, problems: Problems) {
    this.#text = text;
    this.#problems = problems;
    this.#scanner = createScanner(text, false);
    if (text.startsWith('\u{feff}')) this.#scanner.setPosition(1);
  }

  next(): JsonToken {
    for (;;) {
      const scanned: number = this.#scanner.scan();
      const start = this.#scanner.getTokenOffset();
      const range = { start, end: start + this.#scanner.getTokenLength() };
      const kind = kinds[scanned];
      if (kind === 'string') return this.#string(range);
      if (kind === 'number' || kind === 'word') return this.#bare(range, kind);
      if (kind !== undefined) return { kind, ...range, value: this.#literal(kind), damaged: false };
      if (scanned === lineComment || scanned === blockComment) {
        this.#problems.add('STK102', 'JSON has no comments', range, {
          help: 'remove it, or use a `.yaml` file, where comments start with `#`',
        });
      }
    }
  }

  #literal(kind: JsonToken['kind']): boolean | null {
    const word = kind === 'literal' ? this.#scanner.getTokenValue() : 'null';
    return word === 'null' ? null : word === 'true';
  }

  #string(range: Range): JsonToken {
    const error: number = this.#scanner.getTokenError();
    if (error === unclosedString) {
      const atEnd = range.end === this.#text.length;
      this.#problems.add(
        'STK102',
        atEnd ? 'the file ends inside a string' : 'the string is not closed on its line',
        range,
        {
          help: 'close it with `"`; a line break inside a string is written `\\n`',
        },
      );
    } else if (error !== 0) {
      this.#findDamage(range);
    }
    return {
      kind: 'string',
      ...range,
      value: this.#scanner.getTokenValue(),
      damaged: error === unclosedString,
    };
  }

  /** The scanner says that a string is wrong, not where: looks for the first bad escape or raw control character. */
  #findDamage(range: Range): void {
    const text = this.#text.slice(range.start, range.end);
    for (const match of text.matchAll(/\\(?:["\\/bfnrt]|u[\da-fA-F]{4})|\\u[\da-fA-F]{0,3}|\\[^"]?|\t/g)) {
      const at = { start: range.start + match.index, end: range.start + match.index + match[0].length };
      if (match[0] === '\t') {
        this.#problems.add('STK102', 'a tab inside a JSON string is written `\\t`', at);
      } else if (!/^\\(?:["\\/bfnrt]|u[\da-fA-F]{4})$/.test(match[0])) {
        this.#problems.add('STK102', `${quote(match[0])} is no escape that JSON knows`, at, {
          help: 'a backslash itself is written `\\\\`',
        });
      }
    }
  }

  /** Numbers and unknown words, read on to their real end: `01`, `1.`, `+1`, `'it is'`. */
  #bare(range: Range, kind: 'number' | 'word'): JsonToken {
    const single = this.#text[range.start] === "'" ? /'[^'\n]*'?/y : /[^\s{}[\]",:/]+/y;
    single.lastIndex = range.start;
    const whole = single.exec(this.#text)?.[0] ?? this.#text.slice(range.start, range.end);
    const end = range.start + whole.length;
    if (end !== range.end) this.#scanner.setPosition(end);
    const value = Number(whole);
    if (kind === 'number' && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(whole)) {
      if (!Number.isFinite(value))
        this.#problems.add('STK112', `${quote(whole)} is too large a number`, { start: range.start, end });
      return {
        kind: 'number',
        start: range.start,
        end,
        value: Number.isFinite(value) ? value : 0,
        damaged: false,
      };
    }
    return { kind: 'word', start: range.start, end, value: null, damaged: true };
  }
}
