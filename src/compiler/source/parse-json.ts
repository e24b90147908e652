import type { Range } from '../span.ts';
import { unreachable } from '../unreachable.ts';
import { checkString } from './check-string.ts';
import type { DocumentNode, Property } from './document.ts';
import { type JsonToken, JsonTokens } from './json-tokens.ts';
import { maxDepth, maxNodes } from './limits.ts';
import type { Problems } from './problems.ts';
import { quote } from './quote.ts';
import type { SourceFile } from './source-file.ts';

/** Reads strict JSON (RFC 8259). Null when there is nothing in the file; problems go to `problems`. */
export function parseJson(source: SourceFile, problems: Problems): DocumentNode | null {
  return new JsonParser(source, problems).parse();
}

type Bracket = '{' | '[';
const closing = { '{': '}', '[': ']' } as const;

/**
 * A grammar over tokens rather than the library's own tree: it has to be as strict as the RFC, to say what was
 * expected where, and to stop at {@link maxDepth} before the call stack does.
 */
class JsonParser {
  readonly #text: string;
  readonly #tokens: JsonTokens;
  readonly #problems: Problems;
  #token: JsonToken;
  /** The end of the last token, where a forgotten comma belongs. */
  #last = 0;
  #afterDamage = false;
  #nodes = 0;
  readonly #open: Bracket[] = [];
  /** After the text ended early or is nested too deep, everything else follows from that. */
  #stopped = false;

  constructor(source: SourceFile, problems: Problems) {
    this.#text = source.text;
    this.#problems = problems;
    this.#tokens = new JsonTokens(source.text, problems);
    this.#token = this.#tokens.next();
  }

  parse(): DocumentNode | null {
    if (this.#at('end')) return null;
    const root = this.#value(1);
    if (!this.#stopped && !this.#at('end')) {
      this.#error(`expected the end of the file, found ${this.#found()}`, this.#token);
    }
    return root;
  }

  /** A call, since the compiler would otherwise believe that the token never changes. */
  #at(kind: JsonToken['kind']): boolean {
    return this.#token.kind === kind;
  }

  #advance(): void {
    if (this.#stopped) return;
    const { end, damaged } = this.#token;
    this.#last = end;
    this.#afterDamage = damaged;
    this.#token = this.#tokens.next();
    // That brackets are still open is then no second problem.
    if (damaged && this.#token.kind === 'end') this.#stop();
  }

  #stop(): void {
    this.#stopped = true;
    this.#token = { kind: 'end', start: this.#last, end: this.#last, value: null, damaged: false };
  }

  #error(message: string, range: Range, help?: string, related?: { open: JsonToken }): void {
    if (this.#stopped) return;
    const hop = related && { span: this.#problems.source.span(related.open), message: 'opened here' };
    this.#problems.add('STK102', message, range, { ...(help && { help }), related: hop ? [hop] : [] });
  }

  #value(depth: number): DocumentNode {
    const token = this.#token;
    this.#nodes += 1;
    if (this.#nodes > maxNodes) {
      this.#problems.add('STK106', `the file holds more than ${maxNodes.toLocaleString('en')} values`, token);
      this.#stop();
      return scalar(token, null);
    }
    switch (token.kind) {
      case '{':
      case '[':
        if (depth > maxDepth) {
          this.#problems.add('STK107', `nested more than ${maxDepth} levels deep`, token);
          this.#stop();
          return scalar(token, null);
        }
        return token.kind === '{' ? this.#object(token, depth) : this.#array(token, depth);
      case 'string':
        checkString(String(token.value), token, this.#problems);
        this.#advance();
        return scalar(token, token.value);
      case 'number':
      case 'literal':
        this.#advance();
        return scalar(token, token.value);
      case 'word':
        this.#word(token);
        this.#advance();
        return scalar(token, null);
      case 'end':
        // Whoever opened the bracket says that it is not closed.
        return scalar(token, null);
      case ',':
      case ':':
      case '}':
      case ']':
        this.#error(`expected a value, found ${this.#found()}`, token);
        if (token.kind === ':') this.#advance();
        return scalar({ start: token.start, end: token.start }, null);
      default:
        return unreachable(token.kind);
    }
  }

  #word(token: JsonToken): void {
    const word = this.#text.slice(token.start, token.end);
    this.#error(`${quote(word)} is not a JSON value`, token, wordHelp(word));
  }

  #object(open: JsonToken, depth: number): DocumentNode {
    const properties: Property[] = [];
    const seen = new Map<string, Range>();
    const end = this.#items(open, '{', () => {
      const key = this.#token;
      if (key.kind !== 'string') {
        if (key.kind === 'end') return false;
        this.#error(`expected a key in double quotes, found ${this.#found()}`, key);
        return false;
      }
      const name = String(key.value);
      checkString(name, key, this.#problems);
      this.#advance();
      if (!this.#colon(key)) return false;
      const value = this.#value(depth + 1);
      const keyRange = { start: key.start, end: key.end };
      const first = seen.get(name);
      if (first) this.#duplicate(name, keyRange, first);
      else {
        seen.set(name, keyRange);
        properties.push({ key: name, keyRange, value });
      }
      return true;
    });
    return { kind: 'object', range: { start: open.start, end }, properties };
  }

  /** A forgotten colon is reported once and the value after it is still read. */
  #colon(key: JsonToken): boolean {
    const { kind } = this.#token;
    if (kind === ':') {
      this.#advance();
      return true;
    }
    if (kind !== 'end' && !this.#afterDamage) {
      const at = { start: this.#last, end: this.#last };
      this.#error(`expected \`:\` and a value after the key ${quote(String(key.value))}`, at);
    }
    return startsValue(kind);
  }

  #duplicate(name: string, range: Range, first: Range): void {
    if (this.#stopped) return;
    const related = [{ span: this.#problems.source.span(first), message: 'first written here' }];
    this.#problems.add('STK103', `the key ${quote(name)} is written twice`, range, { related });
  }

  #array(open: JsonToken, depth: number): DocumentNode {
    const items: DocumentNode[] = [];
    const end = this.#items(open, '[', () => {
      const found = startsValue(this.#token.kind);
      items.push(this.#value(depth + 1));
      return found;
    });
    return { kind: 'array', range: { start: open.start, end }, items };
  }

  /** Reads `item, item, …` up to the closing bracket and returns the offset behind it. `item` says whether it was one. */
  #items(open: JsonToken, bracket: Bracket, item: () => boolean): number {
    const close = closing[bracket];
    this.#open.push(bracket);
    this.#advance();
    while (!this.#at(close)) {
      const sound = item();
      if (!sound) this.#skip();
      if (startsValue(this.#token.kind) && this.#missingComma(close)) continue;
      if (this.#at(':')) {
        this.#error(`expected \`,\` or \`${close}\`, found \`:\``, this.#token);
        this.#skip();
      }
      if (this.#at(',')) {
        const comma = this.#token;
        this.#advance();
        if (this.#at(close) && sound) {
          this.#error(`\`,\` before \`${close}\``, comma, 'JSON has no trailing commas; remove it');
        }
      } else if (this.#at('end')) {
        this.#unclosed(open, bracket);
        return this.#last;
      } else if (!this.#at(close)) {
        this.#error(`expected \`${close}\`, found ${this.#found()}`, this.#token, undefined, { open });
        // It may close a bracket further out, of which then only this inner one was forgotten.
        const outer = this.#at('}') ? '{' : '[';
        if (!this.#open.includes(outer)) this.#advance();
        this.#open.pop();
        return this.#last;
      }
    }
    this.#advance();
    this.#open.pop();
    return this.#last;
  }

  /** Whether the next token may be read as the next item; after a damaged token only one that looks like a fresh start. */
  #missingComma(close: string): boolean {
    if (!this.#afterDamage) {
      this.#error(`expected \`,\` or \`${close}\` after this`, { start: this.#last, end: this.#last });
      return true;
    }
    if (this.#token.kind === 'string') return true;
    this.#skip();
    return false;
  }

  #unclosed(open: JsonToken, bracket: Bracket): void {
    const end = this.#text.trimEnd().length;
    this.#error(`the file ends before \`${closing[bracket]}\``, { start: end, end }, undefined, { open });
    this.#stop();
  }

  /** Goes on behind a damaged item: to the next comma or closing bracket of the same level. */
  #skip(): void {
    let level = 0;
    for (; this.#token.kind !== 'end'; this.#advance()) {
      const { kind } = this.#token;
      if (level === 0 && (kind === ',' || kind === '}' || kind === ']')) return;
      if (kind === '{' || kind === '[') level += 1;
      if (kind === '}' || kind === ']') level -= 1;
    }
  }

  #found(): string {
    if (this.#token.kind === 'end') return 'the end of the file';
    return quote(this.#text.slice(this.#token.start, this.#token.end), 30);
  }
}

function wordHelp(word: string): string {
  if (/^(?:true|false|null)$/i.test(word)) return `write \`${word.toLowerCase()}\``;
  if (/^[-+.\d]/.test(word))
    return 'a number is written like `80`, `0.5` or `-1`; anything else in double quotes';
  return 'text is written in double quotes';
}

function startsValue(kind: JsonToken['kind']): boolean {
  return (
    kind === '{' ||
    kind === '[' ||
    kind === 'string' ||
    kind === 'number' ||
    kind === 'literal' ||
    kind === 'word'
  );
}

function scalar(range: Range, value: string | number | boolean | null): DocumentNode {
  return { kind: 'scalar', range: { start: range.start, end: range.end }, value };
}
