import { journalLine } from '../../../src/compiler/journal/lines.ts';
import { maxBytes } from '../../../src/compiler/source/limits.ts';
import { DRAIN, GATE, START, STOP } from '../journal/records.ts';
import type { Reader } from './readers.ts';

type StackPath = 'stack.json' | 'stack.yaml';

const utf8 = (text: string) => new TextEncoder().encode(text);

const repeated = (text: string, count: number) => utf8(text.repeat(count));
const containers = (one: (i: number) => string, count: number) =>
  utf8(`{"deploy":{"shop":{"containers":{${Array.from({ length: count }, (_, i) => one(i)).join(',')}}}}}`);
const plain = '"deploy":"auto","image":"app:1"';

/** What grows where something is written small: path, name, bytes. */
const large: readonly (readonly [StackPath, string, Uint8Array])[] = [
  [
    'stack.yaml',
    'an alias bomb',
    utf8(
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `${'bcdefghijklm'[i]}: &${'bcdefghijklm'[i]} [${Array(9).fill(`*${'abcdefghijkl'[i]}`).join(',')}]`).join('\n')}\n`,
    ),
  ],
  ['stack.yaml', 'an alias of itself', utf8('a: &a [*a]\ndeploy: *a\n')],
  [
    'stack.yaml',
    'merges of merges',
    utf8(
      `x0: &x0 {deploy: auto}\n${Array.from({ length: 500 }, (_, i) => `x${i + 1}: &x${i + 1} {<<: [*x${i}, *x${i}], k${i}: 1}`).join('\n')}\n`,
    ),
  ],
  ['stack.json', 'depth', repeated('{"deploy":', 100_000)],
  ['stack.yaml', 'depth', repeated('[', 100_000)],
  ['stack.json', 'many instances', containers((i) => `"app${i}x":{${plain},"containers":500}`, 1)],
  ['stack.json', 'many containers', containers((i) => `"app${i}x":{${plain}}`, 400)],
  [
    'stack.json',
    'containers that all wait for each other',
    containers((i) => `"app${i}x":{${plain},"depends_on":["app${(i + 1) % 2_000}x"]}`, 2_000),
  ],
  [
    'stack.json',
    'each one takes its variables from the next',
    containers((i) => `"app${i}x":{${plain},"env_from":"app${i + 1}x","env":{"A${i}":"1"}}`, 500),
  ],
  ['stack.json', 'all ports', containers((i) => `"app${i}x":{${plain},"ports":["1-65535:1-65535"]}`, 3)],
  [
    'stack.json',
    'a value of megabytes',
    containers(() => `"app":{${plain},"env":{"A":"${'%{env:A}'.repeat(100_000)}"}}`, 1),
  ],
  [
    'stack.json',
    'many links',
    containers(
      (i) => `"app${i}x":{${plain},"links":[${Array.from({ length: i }, (_, j) => `"app${j}x"`).join(',')}]}`,
      150,
    ),
  ],
];

const full = (text: string, format: keyof typeof maxBytes) =>
  text.repeat(Math.ceil(maxBytes[format] / text.length)).slice(0, maxBytes[format]);

/** What is slow for its size in a parser, a library or the validator: path, name, text. */
const slow: readonly (readonly [StackPath, string, string])[] = [
  ...[
    '[',
    '{"a":',
    '"',
    '"\\x',
    '[1,',
    '{"a":1,',
    '//\n',
    "'",
    '\\',
    '\n',
    '1',
    '-',
    'a ',
    '/**/',
    '\u{1}',
  ].map((text): readonly [StackPath, string, string] => [
    'stack.json',
    text.slice(0, 12),
    full(text, 'json'),
  ]),
  ['stack.json', 'wrong items', `{"deploy":{"a":{"containers":[${'1,'.repeat(95_000)}1]}}}`],
  [
    'stack.json',
    'wrong members',
    `{"deploy":{${Array.from({ length: 95_000 }, (_, i) => `"k${i}":1`).join(',')}}}`,
  ],
  ['stack.json', 'unknown keys', `{${Array.from({ length: 95_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
  ['stack.json', 'a key of megabytes', `{"${'k'.repeat(4_000_000)}":1}`],
  ...[
    '- ',
    '? ',
    '[',
    '{',
    '[],',
    'a:\n',
    '- 1\n',
    '- *a\n',
    '- &a x\n',
    '---\n',
    '...\n',
    '"\n',
    '!',
    ': ',
    '#\n',
  ].map((text): readonly [StackPath, string, string] => ['stack.yaml', text, full(text, 'yaml')]),
  ...[
    '  a: 1\n b: 2\n',
    '%A\n',
    '[,',
    ']',
    '? - a\n: - b\n',
    "'",
    '"\\x',
    '\t',
    '|\n',
    '&a ',
    '<<: ',
    '@\n',
  ].map((text): readonly [StackPath, string, string] => ['stack.yaml', text, full(text, 'yaml')]),
  ['stack.yaml', 'escapes', `"${full('\\x', 'yaml').slice(2)}"`],
  ['stack.yaml', 'a list', `[${full('a,', 'yaml').slice(2)}]`],
  ['stack.yaml', 'merges', `a: &a {}\nb:\n${full('  <<: *a\n', 'yaml').slice(20)}`],
];

const LINES = `${[START, GATE, DRAIN, STOP].map(journalLine).join('\n')}\n`;

const journals: readonly (readonly [string, string])[] = [
  ['one endless line', `{${'"a":'.repeat(2_000_000)}`],
  ['lines without end', '\n'.repeat(2_000_000)],
  ['sums without end', '{"sum":"00000000"}'.repeat(400_000)],
  ['as many records as it keeps', LINES.repeat(4_000)],
];

const LARGEST_REVISION = 24 * 1024 * 1024;

const revisions: readonly (readonly [string, string])[] = [
  ['one endless array', '['.repeat(LARGEST_REVISION)],
  ['keys without end', `{${'"a":1,'.repeat(LARGEST_REVISION / 6)}"b":1}`],
  ['one endless word', `{"stackc_revision":1,"content":"${'x'.repeat(LARGEST_REVISION)}"}`],
  ['backslashes', `{"a":"${'\\\\'.repeat(LARGEST_REVISION / 2)}"}`],
  ['quotes', '"'.repeat(LARGEST_REVISION)],
];

const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;

const plans: readonly (readonly [string, string])[] = [
  ['depth', `{"stackc_plan":1,"changes":${deep}}`],
  ['depth without end', `{"stackc_plan":${'['.repeat(4_000_000)}`],
  ['many changes', `{"stackc_plan":1,"changes":[${'{"id":"a"},'.repeat(300_000)}1]}`],
];

/** The worst that there is for its size: who reads it, what it is, its bytes. */
export const worstTexts: readonly (readonly [Reader, string, Uint8Array])[] = [
  ...large.map(([path, name, bytes]) => [path, name, bytes] as const),
  ...slow.map(([path, name, text]) => [path, `full of ${JSON.stringify(name)}`, utf8(text)] as const),
  ...journals.map(([name, text]) => ['journal', name, utf8(text)] as const),
  ...revisions.map(([name, text]) => ['revision', name, utf8(text)] as const),
  ...plans.map(([name, text]) => ['plan', name, utf8(text)] as const),
];
