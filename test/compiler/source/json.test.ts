import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { maxDepth } from '../../../src/compiler/source/limits.ts';
import { problemsOf, valueOf } from './table.ts';

const example = readFileSync(new URL('../../support/opsworks-stack.json.txt', import.meta.url), 'utf8');

describe('values', () => {
  test.each([
    ['{}', '{}'],
    ['  [1, -0.5e2, true, false, null, "a\\n\\u00e9"]\r\n', '[1,-50,true,false,null,"a\\né"]'],
    ['"alone"', '"alone"'],
    ['\u{feff}{"a": 1}', '{"a":1}'],
    ['{"__proto__": {"x": 1}, "constructor": 2}', '{"__proto__":{"x":1},"constructor":2}'],
    ['{"a": "\\u001b \\ud83d\\ude00"}', '{"a":"\\u001b 😀"}'],
  ])('%j', (text, value) => {
    expect(valueOf(text, 'json')).toBe(value);
  });

  test('the published example', () => {
    expect(JSON.parse(valueOf(example, 'json'))).toEqual(JSON.parse(example));
  });
});

describe('problems', () => {
  test.each([
    [
      'trailing comma',
      '{"a":1,}',
      ['STK102 1:7-1:8 `,` before `}` | JSON has no trailing commas; remove it'],
    ],
    [
      'trailing comma in a list',
      '[1,\n]',
      ['STK102 1:3-1:4 `,` before `]` | JSON has no trailing commas; remove it'],
    ],
    ['comma forgotten', '{"a":1\n "b":2}', ['STK102 1:7-1:7 expected `,` or `}` after this']],
    [
      'comma forgotten twice',
      '[1 2 3]',
      ['STK102 1:3-1:3 expected `,` or `]` after this', 'STK102 1:5-1:5 expected `,` or `]` after this'],
    ],
    ['comma too many', '[1,,2]', ['STK102 1:4-1:5 expected a value, found `,`']],
    ['only a comma', '{,}', ['STK102 1:2-1:3 expected a key in double quotes, found `,`']],
    ['colon forgotten', '{"a" 1}', ['STK102 1:5-1:5 expected `:` and a value after the key `a`']],
    ['value forgotten', '{"a":}', ['STK102 1:6-1:7 expected a value, found `}`']],
    ['two colons', '{"a":1:2}', ['STK102 1:7-1:8 expected `,` or `}`, found `:`']],
    [
      'comment',
      '{"a":1 // one\n}',
      [
        'STK102 1:8-1:14 JSON has no comments | remove it, or use a `.yaml` file, where comments start with `#`',
      ],
    ],
    [
      'comment in between',
      '{"a":/*x*/1}',
      [
        'STK102 1:6-1:11 JSON has no comments | remove it, or use a `.yaml` file, where comments start with `#`',
      ],
    ],
    [
      'single quotes',
      '{"a": \'it is\', "b": 1}',
      ["STK102 1:7-1:14 `'it is'` is not a JSON value | text is written in double quotes"],
    ],
    ['key without quotes', '{a: 1}', ['STK102 1:2-1:3 expected a key in double quotes, found `a`']],
    ['NaN', '[NaN]', ['STK102 1:2-1:5 `NaN` is not a JSON value | text is written in double quotes']],
    [
      'words in a row',
      '{"a": foo bar, "b": 1}',
      ['STK102 1:7-1:10 `foo` is not a JSON value | text is written in double quotes'],
    ],
    ['upper case', '[True]', ['STK102 1:2-1:6 `True` is not a JSON value | write `true`']],
    [
      'leading zero',
      '[01]',
      [
        'STK102 1:2-1:4 `01` is not a JSON value | a number is written like `80`, `0.5` or `-1`; anything else in double quotes',
      ],
    ],
    [
      'leading plus',
      '[+1]',
      [
        'STK102 1:2-1:4 `+1` is not a JSON value | a number is written like `80`, `0.5` or `-1`; anything else in double quotes',
      ],
    ],
    [
      'ends with a dot',
      '[1.]',
      [
        'STK102 1:2-1:4 `1.` is not a JSON value | a number is written like `80`, `0.5` or `-1`; anything else in double quotes',
      ],
    ],
    ['number too large', '[1e999]', ['STK112 1:2-1:7 `1e999` is too large a number']],
    [
      'bad escape',
      '["ab\\x"]',
      ['STK102 1:5-1:7 `\\x` is no escape that JSON knows | a backslash itself is written `\\\\`'],
    ],
    [
      'short escape',
      '["\\u12"]',
      ['STK102 1:3-1:7 `\\u12` is no escape that JSON knows | a backslash itself is written `\\\\`'],
    ],
    ['tab in a string', '["a\tb"]', ['STK102 1:4-1:5 a tab inside a JSON string is written `\\t`']],
    [
      'string not closed',
      '{"a": "foo,\n"b": 1}',
      [
        'STK102 1:7-1:12 the string is not closed on its line | close it with `"`; a line break inside a string is written `\\n`',
      ],
    ],
    ['wrong bracket', '{"a":[1,2}', ['STK102 1:10-1:11 expected `]`, found `}` | opened here @1:6']],
    ['bracket too many', '{"a":1}}', ['STK102 1:8-1:9 expected the end of the file, found `}`']],
    ['two values', '{} {}', ['STK102 1:4-1:5 expected the end of the file, found `{`']],
    ['ends early', '{"a":\n {"b":1\n', ['STK102 2:8-2:8 the file ends before `}` | opened here @2:2']],
    [
      'ends in a string',
      '{"a',
      [
        'STK102 1:2-1:4 the file ends inside a string | close it with `"`; a line break inside a string is written `\\n`',
      ],
    ],
    [
      'half of a surrogate pair',
      '["\\ud800"]',
      [
        'STK102 1:2-1:10 the text holds half of a surrogate pair | write both halves, such as `\\ud83d\\ude00`, or the character itself',
      ],
    ],
    [
      'duplicate keys',
      '{"a":1,\n "a":2, "__proto__":1, "__proto__":1}',
      [
        'STK103 2:2-2:5 the key `a` is written twice | first written here @1:2',
        'STK103 2:24-2:35 the key `__proto__` is written twice | first written here @2:9',
      ],
    ],
    [
      'written NUL',
      '["\\u0000"]',
      ['STK105 1:2-1:10 the text holds a NUL character | remove `\\u0000` or `\\0`'],
    ],
    [
      'empty',
      '',
      [
        'STK108 1:1-1:1 the file is empty | a stack file has at least `deploy`, with one application and its `containers`',
      ],
    ],
    [
      'blank',
      ' \r\n\t',
      [
        'STK108 1:1-1:1 the file is empty | a stack file has at least `deploy`, with one application and its `containers`',
      ],
    ],
    [
      'several of them',
      '{"a": \'x\',\n "a": 01,\n "b": [1,]}',
      [
        "STK102 1:7-1:10 `'x'` is not a JSON value | text is written in double quotes",
        'STK103 2:2-2:5 the key `a` is written twice | first written here @1:2',
        'STK102 2:7-2:9 `01` is not a JSON value | a number is written like `80`, `0.5` or `-1`; anything else in double quotes',
        'STK102 3:9-3:10 `,` before `]` | JSON has no trailing commas; remove it',
      ],
    ],
  ] as const)('%s', (_name, text, problems) => {
    expect(problemsOf(text, 'json')).toEqual(problems);
  });

  test('control characters alone, each at its place', () => {
    expect(problemsOf('{"a": "\0",\n \u{1b}x}\u{7f}', 'json')).toEqual([
      'STK105 1:8-1:9 control character NUL',
      'STK105 2:2-2:3 control character `U+001B`',
      'STK105 2:5-2:6 control character `U+007F`',
    ]);
  });

  test('a byte order mark is only allowed at the start', () => {
    expect(problemsOf('{}\u{feff}', 'json')).toEqual([
      'STK102 1:3-1:4 expected the end of the file, found `\\u{feff}`',
    ]);
  });

  test('the example cut off anywhere has exactly one problem', () => {
    for (let length = 1; length < example.trimEnd().length; length += 1) {
      expect.soft(problemsOf(example.slice(0, length), 'json'), `cut at ${length}`).toHaveLength(1);
    }
  });
});

describe('nesting', () => {
  test('as deep as allowed', () => {
    expect(problemsOf('['.repeat(maxDepth) + ']'.repeat(maxDepth), 'json')).toEqual([]);
  });

  test('one deeper', () => {
    const text = '['.repeat(maxDepth + 1) + ']'.repeat(maxDepth + 1);
    expect(problemsOf(text, 'json')).toEqual(['STK107 1:65-1:66 nested more than 64 levels deep']);
  });

  test.each(['[', '{"a":', '[{"a":'])('100,000 times %s', (text) => {
    const [problem, ...more] = problemsOf(text.repeat(100_000), 'json');
    expect(problem).toMatch(/^STK107 /);
    expect(more).toEqual([]);
  });
});
