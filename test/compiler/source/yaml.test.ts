import { describe, expect, test } from 'vitest';
import { maxDepth } from '../../../src/compiler/source/limits.ts';
import { problemsOf, valueOf } from './table.ts';

const indent = 'keys of one mapping, and items of one list, start in the same column';
const tags = 'a stack file needs no tags; remove it';
const lookBefore = 'check the indentation, and the line before';
const textKey = 'put it in quotes if it is text that starts with `{` or `[`';
const empty =
  'STK108 1:1-1:1 the file is empty | a stack file has at least `deploy`, with one application and its `containers`';

describe('values', () => {
  test.each([
    [
      'scalars',
      'a: 1\nb: 0x10\nc: yes\nd: true\ne:\nf: ~\ng: "1"\nh: 1.10\n',
      '{"a":1,"b":16,"c":"yes","d":true,"e":null,"f":null,"g":"1","h":1.1}',
    ],
    ['a document mark and comments', '# one\n---\n# two\na: b # three\n...\n', '{"a":"b"}'],
    ['a byte order mark', '\u{feff}a: 1', '{"a":1}'],
    ['carriage returns', 'a:\r\n  - b\r\n', '{"a":["b"]}'],
    [
      'keys are text as written',
      '80: a\ntrue: b\n~: c\n1.0: d\n"": e',
      '{"80":"a","true":"b","~":"c","1.0":"d","":"e"}',
    ],
    [
      'keys that other languages stumble over',
      '__proto__: {x: 1}\nconstructor: 2',
      '{"__proto__":{"x":1},"constructor":2}',
    ],
    ['aliases', 'a: &x {b: 1}\nc: *x\nd: &k key\n*k : 2', '{"a":{"b":1},"c":{"b":1},"d":"key","key":2}'],
    ['an anchor given anew', 'a: &x 1\nb: *x\nc: &x 2\nd: *x', '{"a":1,"b":1,"c":2,"d":2}'],
    [
      'merge: own keys win, wherever they stand',
      'x: &x {a: 1, b: 2}\ny:\n  b: 3\n  <<: *x\n  c: 4',
      '{"x":{"a":1,"b":2},"y":{"b":3,"a":1,"c":4}}',
    ],
    ['merge: the first source wins', 'y:\n  <<: [{a: 1}, {a: 2, b: 2}]', '{"y":{"a":1,"b":2}}'],
    [
      'merge of a merge',
      'x: &x {a: 1}\ny: &y {<<: *x, b: 2}\nz: {<<: *y}',
      '{"x":{"a":1},"y":{"a":1,"b":2},"z":{"a":1,"b":2}}',
    ],
    ['a quoted << is a key', '"<<": 1', '{"<<":1}'],
    ['tags of the core schema', 'a: !!str 80\nb: !!int "8"\nc: ! x', '{"a":"80","b":8,"c":"x"}'],
    ['block text', 'a: |\n  x\n   y\nb: >-\n  x\n  y\n', '{"a":"x\\n y\\n","b":"x y"}'],
    ['JSON', '{"a": [1, "b"]}', '{"a":[1,"b"]}'],
  ])('%s', (_name, text, value) => {
    expect(valueOf(text, 'yaml')).toBe(value);
  });
});

describe('problems', () => {
  test.each([
    ['bad indentation', 'a:\n  b: 1\n c: 2', [`STK102 3:2-3:3 the indentation does not fit | ${indent}`]],
    [
      'a tab as indentation',
      'a:\n\tb: 2',
      ['STK102 2:1-2:2 a tab is used as indentation | YAML is indented with spaces'],
    ],
    [
      'a mapping in a line',
      'a: b: c',
      ['STK102 1:4-1:5 a mapping cannot start here | put text with `: ` in it in quotes'],
    ],
    ['a list, then keys', '- a\nb: 1', [`STK102 2:2-2:3 \`:\` is not expected here | ${lookBefore}`]],
    [
      'colon forgotten',
      'a\nb: 1',
      ['STK102 1:1-2:2 expected `:` on the line of this key | write `key: value`'],
    ],
    ['string not closed', 'a: "x', ['STK102 1:6-1:6 the string is not closed | close it with `"`']],
    ['list not closed', 'a: [1, 2', ['STK102 1:9-1:9 expected `]`']],
    ['mapping not closed', 'a: {b: 1', ['STK102 1:9-1:9 expected `}`']],
    ['bracket too many', 'a: ]', [`STK102 1:4-1:5 \`]\` is not expected here | ${lookBefore}`]],
    [
      'reserved character',
      'a: @x',
      ['STK102 1:4-1:5 plain value cannot start with reserved character @ | put the text in quotes'],
    ],
    [
      'unknown escape',
      'a: "\\q"',
      ['STK102 1:5-1:6 invalid escape sequence \\q | in single quotes a backslash stands for itself'],
    ],
    ['no key', ': 5', ['STK102 1:1-1:1 a key is missing before `:`']],
    [
      'several at once',
      'a: @x\nb: 1\nb: 2\nc: *nope',
      [
        'STK102 1:4-1:5 plain value cannot start with reserved character @ | put the text in quotes',
        'STK103 3:1-3:2 the key `b` is written twice | first written here @2:1',
        'STK110 4:4-4:9 no anchor is named `nope` | an anchor stands before its aliases',
      ],
    ],
    [
      'duplicate keys',
      'a:\n  b: 1\n  c: 2\n  b: 3',
      ['STK103 4:3-4:4 the key `b` is written twice | first written here @2:3'],
    ],
    [
      'duplicate in another writing',
      '80: 1\n"80": 2',
      ['STK103 2:1-2:5 the key `80` is written twice | first written here @1:1'],
    ],
    ['a list as key', '[a]: 1', [`STK109 1:1-1:4 a key must be text, not a list or a mapping | ${textKey}`]],
    [
      'a mapping as key',
      '? {b: 1}\n: 2',
      [`STK109 1:3-1:9 a key must be text, not a list or a mapping | ${textKey}`],
    ],
    ['a tag of its own', 'a: !secret x', [`STK109 1:4-1:11 \`!secret\` cannot be used here | ${tags}`]],
    ['a tag of YAML 1.1', 'a: !!binary aGk=', [`STK109 1:4-1:12 \`!!binary\` cannot be used here | ${tags}`]],
    [
      'a tag that is a trap',
      'a: !<__proto__> 1',
      [`STK109 1:4-1:16 \`!<__proto__>\` cannot be used here | ${tags}`],
    ],
    [
      'another version',
      '%YAML 1.1\n---\na: yes',
      ['STK109 1:1-1:10 a stack file is YAML 1.2 | remove this line'],
    ],
    [
      'two documents',
      'a: 1\n---\nb: 2\n---\nc: 3',
      [
        'STK109 2:1-2:4 a second document starts here | a file holds one stack; write the others to files of their own',
      ],
    ],
    [
      'merging no mapping',
      'a:\n  <<: 1',
      ['STK109 2:3-2:5 `<<` takes a mapping, or a list of mappings | as in `<<: *name`'],
    ],
    [
      'merging what is not there',
      'a:\n  <<: [*x]',
      ['STK110 2:8-2:10 no anchor is named `x` | an anchor stands before its aliases'],
    ],
    [
      'unknown anchor',
      'a: &base 1\nb: *bsae',
      ['STK110 2:4-2:9 no anchor is named `bsae` | did you mean `*base`?'],
    ],
    ['alias in itself', 'a: &x\n  - *x', ['STK110 2:5-2:7 the alias `x` stands inside of what it names']],
    [
      'no finite numbers',
      '- .inf\n- .nan\n- 1e999',
      [
        'STK112 1:3-1:7 `.inf` is not a finite number | put it in quotes if it is text',
        'STK112 2:3-2:7 `.nan` is not a finite number | put it in quotes if it is text',
        'STK112 3:3-3:8 `1e999` is not a finite number | put it in quotes if it is text',
      ],
    ],
    [
      'written NUL',
      'a: "\\0"',
      ['STK105 1:4-1:8 the text holds a NUL character | remove `\\u0000` or `\\0`'],
    ],
    [
      'control characters',
      'a: \u{8}\n\0: b',
      ['STK105 1:4-1:5 control character `U+0008`', 'STK105 2:1-2:2 control character NUL'],
    ],
    ['empty', '', [empty]],
    ['only comments', '# nothing\n\n# here', [empty]],
    ['only a document mark', '---\n', [empty]],
  ] as const)('%s', (_name, text, problems) => {
    expect(problemsOf(text, 'yaml')).toEqual(problems);
  });

  test('one hundred are shown, the rest counted', () => {
    const problems = problemsOf('- *x\n'.repeat(250), 'yaml');
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe('STK113 - 150 more problems not shown');
  });
});

describe('nesting', () => {
  test.each([
    ['flow', '['.repeat(maxDepth) + ']'.repeat(maxDepth)],
    ['block', Array.from({ length: maxDepth }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['compact', `${'- '.repeat(maxDepth)}a`],
  ])('as deep as allowed: %s', (_name, text) => {
    expect(problemsOf(text, 'yaml')).toEqual([]);
  });

  test.each([
    ['flow', '['.repeat(maxDepth + 1) + ']'.repeat(maxDepth + 1), '1:65-1:66'],
    ['block', Array.from({ length: maxDepth + 1 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), '65:65-65:66'],
    ['compact', `${'- '.repeat(maxDepth + 1)}a`, '1:129-1:130'],
    ['far deeper', '['.repeat(100_000), '1:65-1:66'],
    ['far deeper, compact', '- '.repeat(100_000), '1:129-1:130'],
    ['far deeper, as keys', '? '.repeat(100_000), '1:129-1:130'],
  ])('one deeper: %s', (_name, text, place) => {
    expect(problemsOf(text, 'yaml')).toEqual([`STK107 ${place} nested more than 64 levels deep`]);
  });

  test('through aliases', () => {
    const levels = Array.from({ length: 70 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`);
    const [first, ...more] = problemsOf(`a0: &a0 [x]\n${levels.join('\n')}`, 'yaml');
    // Under the outermost mapping there is room for 63 lists.
    expect(first).toMatch(/^STK107 64:\d+-64:\d+ nested more than 64 levels deep$/);
    expect(more).toEqual([]);
  });
});

describe('aliases that expand', () => {
  const names = 'abcdefghi'.split('');
  const bomb = names
    .map(
      (name, i) =>
        `${name}: &${name} [${Array(9)
          .fill(i === 0 ? 'x' : `*${names[i - 1]}`)
          .join(',')}]`,
    )
    .join('\n');

  test('a bomb is refused at the alias that is one too many', () => {
    expect(problemsOf(bomb, 'yaml')).toEqual([
      "STK111 5:8-5:10 with this alias, the file's aliases stand for more than 10,000 values | write less through aliases",
    ]);
  });

  test('so are merge keys', () => {
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}: 1`).join(', ');
    const text = `x: &x {${keys}}\ny:\n${'  - {<<: *x}\n'.repeat(100)}`;
    expect(problemsOf(text, 'yaml')).toEqual([expect.stringMatching(/^STK111 /)]);
  });

  test('ten thousand are fine', () => {
    expect(problemsOf(`x: &x 1\ny:\n${'- *x\n'.repeat(10_000)}`, 'yaml')).toEqual([]);
  });
});
