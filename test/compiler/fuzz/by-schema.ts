import fc from 'fast-check';

import { resolveShape, stackSchema, type Shape } from '../../../src/compiler/shape/shape.ts';

/** Names of things, the same few everywhere, so that they mean each other. */
const NAMES = ['app', 'web', 'db', 'socks'];
const ODD_NAMES = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'toString',
  'a/b',
  'a~b',
  '%{app_name}',
  'ä',
  'x-',
  '0',
  'n'.repeat(300),
  '\u0000',
  '\u{1f600}',
];

const TEXTS = [
  '%{app_name}',
  '%{socket}',
  '%{env:A}',
  '%{env:A|b}',
  '%{secret:TOKEN}',
  '%{',
  '%{}',
  '%{nobody}',
  '%%{',
  '%{env:A|%{env:B}}',
  '/run/socks/%{app_name}.sock',
  '/run/socks',
  '80:80',
  '8080-8081:80-81/udp',
  '127.0.0.1:1:1',
  ':',
  '-',
  '/',
  '..',
  '~',
  '\\',
  '"',
  "'",
  "'unclosed",
  '$HOME',
  '-1',
  '1e999',
  '99999999999999999999',
  'NaN',
  '0',
  '10s',
  '1h',
  '500ms',
  '1g',
  '0644',
  'sha256:',
  'app:1',
  'app@sha256:0',
  'always',
  'auto',
  'stop-first',
  'HUP',
  '* * * * *',
  '1-0 */0 32 13 8',
  'Europe/Berlin',
  'root:root',
  'unix://%{socket}',
  'a'.repeat(5_000),
  '\u{feff}',
  '\r\n',
];

const anything = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, '', [], {}),
    fc.constantFrom(...TEXTS),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES, ...ODD_NAMES), tie('value'), { maxKeys: 3 }),
  ),
})).value;

/** Stack files of the schema's shape, but for what is wrong here and there: types, keys, what names mean, sizes, depth. */
export function stackFiles(): fc.Arbitrary<unknown> {
  return valueOf(stackSchema(), 0);
}

function valueOf(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 24, arbitrary: rightValue(shape, depth) }, { weight: 1, arbitrary: anything });
}

function rightValue(given: Shape, depth: number): fc.Arbitrary<unknown> {
  const shape = resolveShape(given);
  if (depth > 9) return fc.constantFrom<unknown>(null, 'app', []);
  const kinds = [shape.type ?? 'object'].flat();
  const ways: fc.Arbitrary<unknown>[] = kinds.map((kind) => ofKind(kind, shape, depth));
  if (shape.enum !== undefined) ways.splice(0, ways.length, fc.constantFrom<unknown>(...shape.enum));
  // What the schema itself gives as an example is mostly taken by what comes after it.
  if (shape.examples !== undefined && shape.examples.length > 0)
    ways.push(fc.constantFrom(...shape.examples));
  return fc.oneof(...ways);
}

function ofKind(kind: string, shape: Shape, depth: number): fc.Arbitrary<unknown> {
  switch (kind) {
    case 'object':
      return objectOf(shape, depth);
    case 'array':
      return fc.array(valueOf(shape.items ?? {}, depth + 1), { maxLength: 3 });
    case 'integer':
    case 'number':
      return fc.oneof(
        fc.integer({ min: shape.minimum ?? 0, max: shape.maximum ?? 3_000 }),
        fc.constantFrom(0, -1, 1, 1_000, 1_001, 65_536, 1e15, 0.1),
      );
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom(...NAMES), fc.constantFrom(...TEXTS));
  }
}

/** A few of its keys; those that a container cannot do without are there mostly. */
function objectOf(shape: Shape, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, additionalProperties } = shape;
  const wanted = ['deploy', 'containers', 'image', 'data_volumes', 'volumes_from', 'text'];
  const entries = Object.entries(properties).map(([name, each]) => {
    const freq = wanted.includes(name) ? 12 : 1;
    const value = fc.option(valueOf(each, depth + 1), { nil: undefined, freq });
    // Of thirty keys a few.
    return freq > 1
      ? ([name, value] as const)
      : ([
          name,
          fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value }),
        ] as const);
  });
  const more = typeof additionalProperties === 'object' ? valueOf(additionalProperties, depth + 1) : anything;
  const names = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...NAMES) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_NAMES) },
  );
  const isMap = typeof additionalProperties === 'object';
  const others = fc.array(fc.tuple(names, more), { minLength: isMap ? 1 : 0, maxLength: isMap ? 3 : 0 });
  const odd = fc.option(fc.tuple(fc.constantFrom(...ODD_NAMES), anything), { nil: null, freq: 30 });
  // An array of pairs keeps `__proto__` a key like any other.
  return fc
    .tuple(
      fc.record(Object.fromEntries(entries)),
      others,
      fc.oneof({ weight: 30, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: odd }),
    )
    .map(([own, added, extra]) => {
      const pairs = [...Object.entries(own), ...added, ...(extra === null ? [] : [extra])];
      return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
    });
}
