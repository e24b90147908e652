import { quote } from '../source/quote.ts';
import type { Place } from './locate.ts';
import type { Shape } from './shape.ts';

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'an object',
};

/** What a shape allows, as in ``text or a list``. */
export function expected({ type = [] }: Shape): string {
  const types = typeof type === 'string' ? [type] : type;
  return either(types.map((name) => kinds[name] ?? name));
}

/** What stands there where something else is expected, as in ``not the text `80` ``. */
export function found(place: Place): string {
  const { node, written } = place;
  if (node.kind !== 'scalar') return node.kind === 'array' ? 'not a list' : 'not an object';
  const { value } = node;
  if (typeof value === 'string' && value !== '') return `not the text ${quote(value, 40)}`;
  return typeof value === 'number' ? `not the number ${quote(written, 40)}` : foundValue(place);
}

/** The same where its type is not the point: ``not `80` ``. */
export function foundValue(place: Place): string {
  const { node, written } = place;
  if (node.kind !== 'scalar') return found(place);
  const { value, range } = node;
  if (value === null) return range.start === range.end ? 'and is empty' : 'not `null`';
  return value === '' ? 'not empty text' : `not ${quote(typeof value === 'string' ? value : written, 40)}`;
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** ``did you mean `a` or `b`?``, null for none. */
export function didYouMean(words: readonly string[]): string | null {
  return words.length === 0 ? null : `did you mean ${either(words.map((word) => quote(word)))}?`;
}
