import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkShape } from '../../../src/compiler/shape/check-shape.ts';
import { decode } from '../../../src/compiler/source/decode.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { renderDiagnostics } from '../../../src/cli/render/diagnostic.ts';

const json = readFileSync(new URL('../../support/opsworks-stack.json.txt', import.meta.url), 'utf8');
const yaml = `
x-base: &base
  deploy: auto
  image: "shop:%{env:RELEASE|1}"
  env: {A: 1, B: "two", C: true}
deploy:
  shop:
    data_volumes: [{socks: [/var/run]}]
    containers:
      - app: # the first
          <<: *base
          containers: 2
          command: >-
            bundle exec
            unicorn
      - worker: {<<: *base, env_from: app, cron: {minute: 5}}
`;

/** The whole way of a file; a throw fails the test. The first stage that has problems ends it. */
function read(path: string, bytes: Uint8Array): readonly string[] {
  const source = decode(path, bytes);
  if (!source.ok) return source.diagnostics.map(({ code }) => code);
  const document = parse(source.value);
  const diagnostics = document.ok ? checkShape(document.value) : document.diagnostics;
  const text = renderDiagnostics(diagnostics, source.value, { color: false, width: 100 });
  expect(text === '').toBe(diagnostics.length === 0);
  for (const { span } of diagnostics) {
    if (span !== null) expect(span.end.offset).toBeGreaterThanOrEqual(span.start.offset);
  }
  return diagnostics.map(({ code }) => code);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const paths = fc.constantFrom('stack.json', 'stack.yaml', '<stdin>');

/** Pieces that mean something in one of the two formats. */
const piece = fc.oneof(
  fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    "'",
    '\n',
    '  ',
    '\t',
    '\\',
    '- ',
    '? ',
    '&a ',
    '*a',
    '<<: ',
  ),
  fc.constantFrom(
    '!!str ',
    '!x ',
    '|\n',
    '>-',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '#',
    '//',
    '/*',
    '\0',
    '\r',
    '\u{feff}',
  ),
  fc.constantFrom(
    'deploy',
    'containers',
    '__proto__',
    'constructor',
    'x-',
    'null',
    'true',
    '1e999',
    '-',
    '0x',
    '.inf',
  ),
  fc.string({ maxLength: 5, unit: 'binary' }),
);

/** A valid text with stretches of it replaced, removed or doubled. */
const mutated = fc
  .tuple(
    fc.constantFrom(json, yaml),
    fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.oneof(piece, fc.constant(null))), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [place, length, replacement]) => {
      const start = place % (now.length + 1);
      const old = now.slice(start, start + length);
      return now.slice(0, start) + (replacement ?? old + old) + now.slice(start + length);
    }, text),
  );

test('mutated stack files', () => {
  fc.assert(
    fc.property(paths, mutated, (name, text) => {
      read(name, utf8(text));
    }),
    { numRuns: 1500 },
  );
}, 60_000);

test('texts made of meaningful pieces', () => {
  fc.assert(
    fc.property(paths, fc.array(piece, { maxLength: 60 }), (name, pieces) => {
      read(name, utf8(pieces.join('')));
    }),
    { numRuns: 3000 },
  );
}, 60_000);

test('bytes', () => {
  fc.assert(
    fc.property(paths, fc.uint8Array({ maxLength: 200 }), (name, bytes) => {
      read(name, bytes);
    }),
    { numRuns: 2000 },
  );
}, 60_000);

test('values of any shape where a stack is expected', () => {
  const key = fc.oneof(
    fc.constantFrom(
      'deploy',
      'shop',
      'containers',
      'app',
      'image',
      'env',
      'health',
      'cron',
      'secrets',
      'files',
      'on',
    ),
    fc.constantFrom('__proto__', 'constructor', 'toString', 'a/b', 'a~b', '', 'x-y'),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom(null, true, false, 0, -1, 1.5, '', 'auto', '80:80'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
    ),
  }));
  fc.assert(
    fc.property(value, (written) => {
      read('stack.json', utf8(JSON.stringify(written)));
      read('stack.json', utf8(JSON.stringify({ deploy: { shop: { containers: [{ app: written }] } } })));
    }),
    { numRuns: 1500 },
  );
}, 60_000);

test('a file of 10 MB is refused at once', () => {
  expect(read('stack.json', new Uint8Array(10_000_000).fill(0x5b))).toEqual(['STK106']);
});
