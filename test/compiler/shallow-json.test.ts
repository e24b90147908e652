import { expect, it } from 'vitest';

import { shallowJson } from '../../src/compiler/shallow-json.ts';

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;

it.each([
  ['{"a":[1,{"b":null}]}', { a: [1, { b: null }] }],
  [
    `["${'['.repeat(1_000)}","\\"${'{'.repeat(1_000)}","\\\\"]`,
    ['['.repeat(1_000), `"${'{'.repeat(1_000)}`, '\\'],
  ],
  [`[${Array(300).fill('[]').join(',')}]`, Array.from({ length: 300 }, () => [])],
  ['null', null],
])('reads %s', (text, value) => {
  expect(shallowJson(text)).toEqual(value);
});

it.each(['', '{', '{"a":1}}', '"\\"', `{"\\\\":${nested(200)}}`, '['.repeat(200)])(
  'does not read %s',
  (text) => {
    expect(shallowJson(text)).toBeUndefined();
  },
);

it('reads what is nested as deep as anything of ours', () => {
  expect(shallowJson(nested(100))).toEqual(JSON.parse(nested(100)));
  expect(shallowJson(nested(101))).toBeUndefined();
});
