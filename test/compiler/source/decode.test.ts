import { describe, expect, test } from 'vitest';
import { decode, decodeLossy } from '../../../src/compiler/source/decode.ts';
import { maxBytes } from '../../../src/compiler/source/limits.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { lines } from './table.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...utf8(part)] : part)));

describe('the format', () => {
  test.each([
    ['stack.json', 'a: 1', 'json'],
    ['STACK.JSON', 'a: 1', 'json'],
    ['stack.yaml', '{}', 'yaml'],
    ['stack.yml', '{}', 'yaml'],
    ['<stdin>', ' \n\t{}', 'json'],
    ['<stdin>', '\u{feff}{}', 'json'],
    ['<stdin>', 'a: 1', 'yaml'],
    ['<stdin>', '', 'yaml'],
    ['stack.conf', '[]', 'yaml'],
  ])('%s with %j is %s', (path, text, format) => {
    expect(decode(path, utf8(text))).toMatchObject({ ok: true, value: { path, format } });
  });

  test('a byte order mark is no part of the text', () => {
    expect(decode('a.json', bytes([0xef, 0xbb, 0xbf], '{}'))).toMatchObject({
      ok: true,
      value: { text: '{}' },
    });
  });
});

describe('not UTF-8', () => {
  const help = 'save the file as UTF-8';
  test.each([
    [
      'a byte that never occurs',
      bytes('ab\nc', [0xff], 'd'),
      `STK104 2:2-2:3 byte 4 (\`0xff\`) is not UTF-8 | ${help}`,
    ],
    ['Latin-1', bytes('caf', [0xe9], '\n'), `STK104 1:4-1:5 byte 3 (\`0xe9\`) is not UTF-8 | ${help}`],
    [
      'a character cut off',
      bytes('é', [0xe2, 0x82]),
      `STK104 1:2-1:3 byte 2 (\`0xe2\`) is not UTF-8 | ${help}`,
    ],
    ['too long a form', bytes([0xc0, 0x80]), `STK104 1:1-1:2 byte 0 (\`0xc0\`) is not UTF-8 | ${help}`],
    [
      'a surrogate',
      bytes('x', [0xed, 0xa0, 0x80]),
      `STK104 1:2-1:3 byte 1 (\`0xed\`) is not UTF-8 | ${help}`,
    ],
    [
      'after a byte order mark',
      bytes([0xef, 0xbb, 0xbf], 'a', [0x80]),
      `STK104 1:2-1:3 byte 4 (\`0x80\`) is not UTF-8 | ${help}`,
    ],
    [
      'after astral characters',
      bytes('😀', [0x80]),
      `STK104 1:3-1:4 byte 4 (\`0x80\`) is not UTF-8 | ${help}`,
    ],
    [
      'UTF-16',
      bytes([0xff, 0xfe], 'a', [0]),
      'STK104 1:1-1:1 the file is UTF-16, not UTF-8 | save it as UTF-8',
    ],
  ])('%s', (_name, input, problem) => {
    expect(lines(decode('stack.yaml', input))).toEqual([problem]);
  });

  test('its place can still be shown', () => {
    expect(decodeLossy('a.yaml', bytes('a', [0xff], 'b')).text).toBe('a\u{fffd}b');
  });
});

describe('size', () => {
  const help = 'a stack file describes containers; keep large contents in files beside it';

  test.each([
    ['json', 10_000_000, '4,194,304', 'JSON'],
    ['yaml', 10_000_000, '262,144', 'YAML'],
    ['yaml', maxBytes.yaml + 1, '262,144', 'YAML'],
  ])('a %s file of %i bytes', (ending, size, limit, name) => {
    const message = `STK106 - the file has ${size.toLocaleString('en')} bytes; a ${name} stack file may have ${limit}`;
    expect(lines(decode(`a.${ending}`, new Uint8Array(size).fill(32)))).toEqual([`${message} | ${help}`]);
  });

  test('bytes count, not characters', () => {
    const text = 'é'.repeat(maxBytes.yaml / 2 + 1);
    expect(lines(decode('a.yaml', utf8(text)))).toEqual([expect.stringMatching(/^STK106 /)]);
  });

  test('parse has the same limit', () => {
    const source = new SourceFile('a.yaml', ' '.repeat(maxBytes.yaml + 1), 'yaml');
    expect(lines(parse(source))).toEqual([expect.stringMatching(/^STK106 /)]);
  });

  test('many small values are large as well', () => {
    const source = new SourceFile('a.json', `[${'1,'.repeat(300_000)}1]`, 'json');
    expect(lines(parse(source))).toEqual([
      'STK106 1:200000-1:200001 the file holds more than 100,000 values',
    ]);
  });
});
