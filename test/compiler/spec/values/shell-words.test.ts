import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWords } from '../../../../src/compiler/spec/values/shell-words.ts';
import { outcome } from './outcome.ts';

test.each([
  ['', []],
  ['  a   b\tc\n d ', ['a', 'b', 'c', 'd']],
  [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
  [`a'b'"c"d`, ['abcd']],
  [`'' ""`, ['', '']],
  [`'a\\b' "a\\b" a\\b`, ['a\\b', 'a\\b', 'ab']],
  [`"a\\"b" "\\$HOME" "\\\`" "\\\\"`, ['a"b', '$HOME', '`', '\\']],
  ['a\\ b', ['a b']],
  ['a\\\nb "c\\\nd"', ['ab', 'cd']],
  [
    'echo $HOME ${HOME} $(id) *.txt ~ # no comment; | && >',
    'echo $HOME ${HOME} $(id) *.txt ~ # no comment; | && >'.split(' '),
  ],
])('%j', (text, words) => {
  expect(outcome(text, shellWords(text))).toEqual(words);
});

test.each([
  [`a 'b c`, `a «'»b c: the quote \`'\` is never closed`],
  [`a "b 'c'`, `a «"»b 'c': the quote \`"\` is never closed`],
  [`"a\\"`, `«"»a\\": the quote \`"\` is never closed`],
  [`it's`, `it«'»s: the quote \`'\` is never closed`],
  ['a\\', 'a«\\»: the backslash at the end escapes nothing'],
])('%j is a problem', (text, problem) => {
  expect(outcome(text, shellWords(text))).toBe(problem);
});

test('splits as the shell itself does, where nothing is special to it', () => {
  const texts = fc.sample(
    fc.string({ unit: fc.constantFrom('a', 'b', ' ', "'", '"', '\\', '\t', 'é'), maxLength: 14 }),
    { numRuns: 300, seed: 1 },
  );
  const sound = texts.flatMap((text) => {
    const words = shellWords(text);
    return words.ok ? [{ text, words: words.value }] : [];
  });
  expect(sound.length).toBeGreaterThan(50);
  const script = sound.map(
    ({ text }) => `for w in ${text.replace(/^\s*$/, '')}\ndo printf '%s\\001' "$w"; done; printf '\\002'`,
  );
  const output = execFileSync('/bin/sh', ['-c', script.join('\n')], { encoding: 'utf8' });
  const shell = output
    .split('\x02')
    .slice(0, -1)
    .map((line) => line.split('\x01').slice(0, -1));
  expect(shell).toEqual(sound.map(({ words }) => words));
});

test('quoting any words gives them back', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const text = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
      expect(shellWords(text)).toEqual({ ok: true, value: words });
    }),
  );
});
