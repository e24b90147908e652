/** One directive with its words, quotes removed, and what stands in its braces. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Null for a directive that ends with `;`. */
  readonly block: readonly Directive[] | null;
}

/** Deeper than any configuration that means something; what is nested deeper is passed over. */
const DEEPEST = 32;

interface Open {
  readonly name: string;
  readonly args: readonly string[];
  readonly inside: Directive[];
}

/**
 * Reads an nginx configuration's directives, as nginx parts its words: `#` starts a comment only where a word could
 * start, a `{` behind `$` belongs to a variable. Braces and quotes that are never closed end with the text.
 */
export function nginxTree(text: string): readonly Directive[] {
  const open: Open[] = [{ name: '', args: [], inside: [] }];
  let words: string[] = [];
  let skipped = 0;
  const add = (block: readonly Directive[] | null, [name, ...args]: readonly string[]) => {
    if (name !== undefined && skipped === 0) open.at(-1)?.inside.push({ name, args, block });
  };
  const close = () => {
    if (skipped > 0) skipped -= 1;
    else if (open.length > 1) {
      const { name, args, inside } = open.pop() ?? { name: '', args: [], inside: [] };
      add(inside, [name, ...args]);
    }
  };
  for (let i = 0; i < text.length; ) {
    const c = text[i] ?? '';
    i += 1;
    if (/\s/.test(c)) continue;
    if (c === '#') {
      const end = text.indexOf('\n', i);
      i = end === -1 ? text.length : end;
    } else if (c === ';') {
      add(null, words);
      words = [];
    } else if (c === '{') {
      const [name = '', ...args] = words;
      words = [];
      if (name.endsWith('_by_lua_block')) i = endOfBraces(text, i);
      else if (skipped > 0 || open.length > DEEPEST) skipped += 1;
      else open.push({ name, args, inside: [] });
    } else if (c === '}') {
      words = [];
      close();
    } else {
      const word = wordAt(text, i - 1);
      words.push(word.text);
      i = word.end;
    }
  }
  while (open.length > 1) close();
  return open[0]?.inside ?? [];
}

/** Code of another language: its braces count, its words do not. */
function endOfBraces(text: string, from: number): number {
  let depth = 1;
  let i = from;
  for (; i < text.length && depth > 0; i++) {
    if (text[i] === '{') depth += 1;
    if (text[i] === '}') depth -= 1;
  }
  return i;
}

const CONTROLS: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

function wordAt(text: string, start: number): { readonly text: string; readonly end: number } {
  const first = text[start] ?? '';
  const quote = first === '"' || first === "'" ? first : null;
  let word = '';
  let i = quote === null ? start : start + 1;
  for (; i < text.length; i++) {
    const c = text[i] ?? '';
    const next = text[i + 1] ?? '';
    if (c === '\\' && next !== '') {
      const control = Object.hasOwn(CONTROLS, next) ? CONTROLS[next] : undefined;
      word += control ?? ('"\'\\'.includes(next) ? next : c + next);
      i += 1;
    } else if (quote !== null) {
      if (c === quote) return { text: word, end: i + 1 };
      word += c;
    } else if (c === '$' && next === '{') {
      word += '${';
      i += 1;
    } else if (/[\s;{]/.test(c)) {
      return { text: word, end: i };
    } else {
      word += c;
    }
  }
  return { text: word, end: i };
}
