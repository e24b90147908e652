import { describe, expect, test } from 'vitest';
import { flow, fold } from '../../../src/cli/render/text.ts';

describe('flow', () => {
  const lines = (parts: readonly string[], width: number) =>
    flow(parts, { separator: ', ', first: 'to ', rest: '   ', width });

  test('parts stay whole, and the separator stays at the end of a line', () => {
    expect(lines(['aaaa', 'bbbb', 'cccc'], 14)).toEqual(['to aaaa, bbbb,', '   cccc']);
    expect(lines(['aaaa', 'bbbb', 'cccc'], 13)).toEqual(['to aaaa,', '   bbbb,', '   cccc']);
  });

  test('a part that is longer than a line goes on between its words', () => {
    expect(lines(['one two three'], 10)).toEqual(['to one two', '   three']);
  });

  test('colours take no room', () => {
    expect(lines(['\u001b[1maaaa\u001b[22m', 'bbbb'], 14)).toHaveLength(1);
  });
});

describe('fold', () => {
  test('what fits stays as it is', () => {
    expect(fold('a  b', 6, '- ', '  ')).toEqual(['- a  b']);
  });

  test('what stands in backticks can be copied from one line', () => {
    expect(fold('remove it with `docker volume rm data` once', 30, '', '  ')).toEqual([
      'remove it with',
      '  `docker volume rm data` once',
    ]);
  });

  test('a word is never cut', () => {
    expect(fold(`see ${'x'.repeat(30)}`, 10, '', '')).toEqual(['see', 'x'.repeat(30)]);
  });
});
