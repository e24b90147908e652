import { describe, expect, test } from 'vitest';

import { haproxyWords } from '../../../src/compiler/balancer/haproxy-words.ts';

// Each seen with haproxy 2.6: a server under such a name was up or down, or an error named the word.
describe('the words of a line', () => {
  const variables = new Map([['SOCKS', '/run/socks']]);
  test.each<[string, readonly string[]]>([
    ['', []],
    ['  # only a comment', []],
    ['  server\tapp0  /a.sock\r', ['server', 'app0', '/a.sock']],
    ['server a /a.sock#c check', ['server', 'a', '/a.sock']],
    ['a "b # c" \'d # e\' f', ['a', 'b # c', 'd # e', 'f']],
    ['a\\ b c\\#d e\\\\f \\"g\\\'', ['a b', 'c#d', 'e\\f', '"g\'']],
    ['\\x41\\x4 \\n', ['A\\x4', '\n']],
    ['a""b ""', ['ab', '']],
    ['"unix@${SOCKS}/a" "$SOCKS/b"', ['unix@/run/socks/a', '/run/socks/b']],
    ["unix@${SOCKS}/a '$SOCKS'", ['unix@${SOCKS}/a', '$SOCKS']],
    ['"${NONE}" "${NONE-here}" "\\$SOCKS" "$"', ['${NONE}', 'here', '$SOCKS', '$']],
    ['the end \\', ['the', 'end', '\\']],
    ['"never closed', ['never closed']],
  ])('%j', (line, words) => {
    expect(haproxyWords(line, variables)).toEqual(words);
  });
});
