/** Variables that a configuration may name. What is not among them stays as it is written. */
export type Variables = ReadonlyMap<string, string>;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * The words of one line, as haproxy parts them (its manual, 2.2): blanks part, `#` starts a comment anywhere outside of
 * quotes, a backslash escapes outside of single quotes, variables count inside double quotes only. A quote that is
 * never closed ends with the line.
 */
export function haproxyWords(line: string, variables: Variables): readonly string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: '"' | "'" | null = null;
  for (let i = 0; i < line.length; i++) {
    const c = line[i] ?? '';
    if (quote === null && c === '#') break;
    if (quote === null && (c === ' ' || c === '\t' || c === '\r')) {
      if (word !== null) words.push(word);
      word = null;
    } else if ((c === '"' || c === "'") && (quote === null || quote === c)) {
      quote = quote === null ? c : null;
      word ??= '';
    } else if (c === '\\' && quote !== "'") {
      const { text, length } = escaped(line, i, quote === '"');
      word = (word ?? '') + text;
      i += length - 1;
    } else if (c === '$' && quote === '"') {
      const { text, length } = variable(line.slice(i), variables);
      word = (word ?? '') + text;
      i += length - 1;
    } else {
      word = (word ?? '') + c;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

interface Piece {
  readonly text: string;
  /** Characters of the line that it takes, at least 1. */
  readonly length: number;
}

function escaped(line: string, at: number, inQuotes: boolean): Piece {
  const next = line[at + 1] ?? '';
  if (next === 'x') {
    const hex = /^[0-9a-fA-F]{2}/.exec(line.slice(at + 2, at + 4))?.[0];
    if (hex !== undefined) return { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 4 };
  }
  const control = Object.hasOwn(ESCAPES, next) ? ESCAPES[next] : undefined;
  if (control !== undefined) return { text: control, length: 2 };
  if (next !== '' && (' \\#"\''.includes(next) || (next === '$' && inQuotes)))
    return { text: next, length: 2 };
  return { text: '\\', length: 1 };
}

/** `$NAME`, `${NAME}` or `${NAME-default}` at the start of a text. */
function variable(text: string, variables: Variables): Piece {
  const match = /^\$(?:(\w+)|\{(\w+)(?:-([^}]*))?\})/.exec(text);
  if (match === null) return { text: '$', length: 1 };
  const value = variables.get(match[1] ?? match[2] ?? '') ?? match[3] ?? match[0];
  return { text: value, length: match[0].length };
}
