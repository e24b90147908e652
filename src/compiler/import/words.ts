import { Hidden, type Value } from './value.ts';

/** Keys that hold a command. */
const COMMANDS: ReadonlySet<string> = new Set(['command', 'entrypoint']);

/** Writes the commands of an entry as people do, `redis-server --save 60`, wherever no shell would read them otherwise. */
export function joinWords(value: Value): Value {
  if (typeof value !== 'object' || value instanceof Hidden || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (COMMANDS.has(key)) return [key, joined(item)];
      return [key, key === 'health' ? joinWords(item) : item];
    }),
  );
}

function joined(words: Value): Value {
  if (!Array.isArray(words) || words.length === 0) return words;
  const isPlain = words.every((word: Value) => typeof word === 'string' && /^[^\s'"\\]+$/.test(word));
  return isPlain ? words.join(' ') : words;
}
