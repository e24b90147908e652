import { parsed, unparsed, type Parsed } from './parsed.ts';

/**
 * Splits as a POSIX shell splits words (XCU 2.2, 2.3), with nothing expanded: blanks separate, quotes and
 * backslashes are removed, a backslash before a line break joins lines, `$`, `*`, `~`, `#`, `;`, `|`, `&` and the like are text.
 * Inside double quotes a backslash escapes only `$`, `` ` ``, `"`, `\` and the line break. An empty pair of
 * quotes is an empty word. A quote without its end, or a lone backslash at the end, is the problem.
 */
export function shellWords(text: string): Parsed<readonly string[]> {
  const words: string[] = [];
  let word: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (isBlank(c)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (c === "'") {
      const end = text.indexOf("'", i + 1);
      if (end === -1) return openQuote(i, "'");
      word = (word ?? '') + text.slice(i + 1, end);
      i = end;
    } else if (c === '"') {
      const quoted = doubleQuoted(text, i);
      if (quoted === null) return openQuote(i, '"');
      word = (word ?? '') + quoted.text;
      i = quoted.end;
    } else if (c === '\\') {
      const next = text[i + 1];
      if (next === undefined) {
        return unparsed('the backslash at the end escapes nothing', i, i + 1, 'write `\\\\` for a backslash');
      }
      if (next !== '\n') word = (word ?? '') + next;
      i++;
    } else {
      word = (word ?? '') + c;
    }
  }
  if (word !== null) words.push(word);
  return parsed(words);
}

function isBlank(c: string): boolean {
  return c === ' ' || c === '\t' || c === '\n' || c === '\r';
}

/** From the opening quote; null when it is never closed. `end` is the closing quote's place. */
function doubleQuoted(text: string, start: number): { readonly text: string; readonly end: number } | null {
  let inner = '';
  for (let i = start + 1; i < text.length; i++) {
    const c = text[i] ?? '';
    if (c === '"') return { text: inner, end: i };
    const next = text[i + 1] ?? '';
    if (c === '\\' && next !== '' && '$`"\\\n'.includes(next)) {
      if (next !== '\n') inner += next;
      i++;
    } else {
      inner += c;
    }
  }
  return null;
}

function openQuote(at: number, quote: string): Parsed<never> {
  return unparsed(
    `the quote \`${quote}\` is never closed`,
    at,
    at + 1,
    `close it, or write \`\\${quote}\` for the character itself`,
  );
}
