import type { ErrorObject } from 'ajv';
import type { Code } from '../codes.ts';
import { nearest } from '../nearest.ts';
import { quote } from '../source/quote.ts';
import type { Range } from '../span.ts';
import type { Locator, Place } from './locate.ts';
import type { Shape } from './shape.ts';
import { meantKeys, unknownKeyHelp } from './unknown-key.ts';
import { didYouMean, either, expected, found, foundValue } from './words.ts';

/** An error of the validator as a problem of the file. */
export interface Explanation {
  readonly code: Code;
  readonly message: string;
  readonly range: Range;
  readonly help: string | null;
  readonly related: readonly { readonly range: Range; readonly message: string }[];
}

/** Says what an error of the validator means for the file; null when it only follows from another one. */
export function explain(error: ErrorObject, locator: Locator): Explanation | null {
  const place = locator.place(error.instancePath);
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(place, String(error.params['additionalProperty']), locator);
    case 'type':
      return wrongType(place);
    case 'required':
      return missingKey(place, [String(error.params['missingProperty'])]);
    case 'anyOf':
      return missingKey(place, alternatives(place.shape));
    case 'oneOf':
      return notOne(place, locator);
    case 'enum':
      return notAllowed(place);
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return outOfRange(place);
    default:
      return unfitting(place);
  }
}

function make(code: Code, message: string, range: Range, help: string | null = null): Explanation {
  return { code, message, range, help, related: [] };
}

function unknownKey({ node, shape, name, nameRange }: Place, key: string, locator: Locator): Explanation {
  const range = node.kind === 'object' ? locator.property(node, key)?.keyRange : undefined;
  const where = name === 'the file' ? '' : ` in ${name}`;
  return make('STK201', `unknown key ${quote(key)}${where}`, range ?? nameRange, unknownKeyHelp(key, shape));
}

function wrongType(place: Place): Explanation {
  const { node, shape, name } = place;
  const message = `${name} must be ${expected(shape)}, ${found(place)}`;
  return make('STK202', message, node.range, typeHelp(place));
}

function typeHelp({ node, shape, written }: Place): string | null {
  const types = typeof shape.type === 'string' ? [shape.type] : (shape.type ?? []);
  if (node.kind === 'scalar' && node.value !== null) {
    const { value } = node;
    if (types.includes('string')) return `put it in quotes: \`"${written}"\``;
    const isNumber = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value);
    if (isNumber && (types.includes('integer') || types.includes('number')))
      return `write \`${value}\` without quotes`;
    const boolean = types.includes('boolean') ? booleanHelp(String(value)) : null;
    if (boolean !== null) return boolean;
    if (types.includes('array') && shape.items !== undefined)
      return `write a list: \`[${quotedValue(value)}]\``;
  }
  const example = JSON.stringify(shape.examples?.[0]);
  return example !== undefined && example.length <= 70 ? `for example \`${example}\`` : null;
}

/** YAML 1.1 and many other tools have more words for it. */
function booleanHelp(text: string): string | null {
  if (/^(?:true|yes|on)$/i.test(text)) return 'write `true`, without quotes';
  return /^(?:false|no|off)$/i.test(text) ? 'write `false`, without quotes' : null;
}

function quotedValue(value: string | number | boolean): string {
  const text = typeof value === 'string' && value.length > 40 ? `${value.slice(0, 39)}…` : value;
  return JSON.stringify(text);
}

function missingKey({ node, shape, name, nameRange }: Place, keys: readonly string[]): Explanation | null {
  // A slip of the pen is reported as the unknown key that it is, whose help names the key that is missing.
  const known = new Set(Object.keys(shape.properties ?? {}));
  const written = node.kind === 'object' ? node.properties.map(({ key }) => key) : [];
  const unknown =
    written.length < 1000 ? written.filter((key) => !known.has(key) && !key.startsWith('x-')) : [];
  if (unknown.some((key) => meantKeys(key, shape).some((meant) => keys.includes(meant)))) return null;

  return make('STK203', `${name} has no ${list(keys)}`, nameRange);
}

function notOne(place: Place, locator: Locator): Explanation | null {
  const { node, name } = place;
  const keys = alternatives(place.shape);
  if (node.kind !== 'object') return null;
  const written = keys.flatMap((key) => locator.property(node, key) ?? []);
  const [first, second] = written.sort((a, b) => a.keyRange.start - b.keyRange.start);
  if (first === undefined || second === undefined) return missingKey(place, keys);
  const message = `${name} has both \`${first.key}\` and \`${second.key}\``;
  return {
    ...make('STK206', message, second.keyRange, `keep one of ${list(keys)}`),
    related: [{ range: first.keyRange, message: 'the other one' }],
  };
}

function notAllowed(place: Place): Explanation {
  const { node, shape, name } = place;
  // `true` and `"true"` are one word here.
  const words = [...new Set((shape.enum ?? []).map(String))];
  const text = node.kind === 'scalar' && typeof node.value === 'string' ? node.value : '';
  const help = didYouMean(nearest(text, words)) ?? (words.includes('true') ? booleanHelp(text) : null);
  return make('STK204', `${name} must be ${list(words)}, ${foundValue(place)}`, node.range, help);
}

function outOfRange(place: Place): Explanation {
  const { node, shape, name } = place;
  const { minimum, maximum, exclusiveMinimum } = shape;
  let range = `more than ${number(exclusiveMinimum ?? 0)}`;
  if (minimum === undefined && maximum !== undefined) range += `, and at most ${number(maximum)}`;
  if (minimum !== undefined) range = `at least ${number(minimum)}`;
  if (minimum !== undefined && maximum !== undefined) range = `from ${number(minimum)} to ${number(maximum)}`;
  return make('STK205', `${name} must be ${range}, ${foundValue(place)}`, node.range);
}

function unfitting(place: Place): Explanation {
  const { node, shape, name } = place;
  if (node.kind === 'scalar' && String(node.value).includes('%{')) {
    return make('STK204', `${name} takes no \`%{…}\``, node.range, 'write the value itself');
  }
  const examples = (shape.examples ?? []).map(String);
  const near = node.kind === 'scalar' ? didYouMean(nearest(String(node.value), examples)) : null;
  const help = near ?? (examples.length === 0 ? null : `for example ${list(examples)}`);
  return make('STK204', `${name} cannot be ${foundValue(place).replace(/^not /, '')}`, node.range, help);
}

function number(value: number): string {
  return value.toLocaleString('en');
}

/** The keys of which a shape wants one. */
function alternatives({ anyOf, oneOf, then }: Shape): readonly string[] {
  return (anyOf ?? oneOf ?? then?.oneOf ?? []).flatMap(({ required }) => required);
}

function list(words: readonly string[]): string {
  return either(words.map((word) => `\`${word}\``));
}
