import { describe, expect, test } from 'vitest';
import { type Diagnostic, diagnostic } from '../../../src/compiler/diagnostic.ts';
import { checkShape } from '../../../src/compiler/shape/check-shape.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile, type SourceFormat } from '../../../src/compiler/source/source-file.ts';
import { renderDiagnostics } from '../../../src/cli/render/diagnostic.ts';

/** What a text's problems look like, between line breaks for the eye. */
function rendered(text: string, format: SourceFormat, color = false): string {
  const source = new SourceFile(`stack.${format}`, text, format);
  const parsed = parse(source);
  const diagnostics = parsed.ok ? checkShape(parsed.value) : parsed.diagnostics;
  return `\n${renderDiagnostics(diagnostics, source, { color, width: 100 })}`;
}

const source = new SourceFile('stack.json', '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}\n', 'json');
const at = (text: string) => {
  const start = source.text.indexOf(text);
  return source.span({ start, end: start + text.length });
};
const show = (...diagnostics: readonly Diagnostic[]) =>
  `\n${renderDiagnostics(diagnostics, source, { color: false, width: 100 })}`;

test('a stack file with several problems', () => {
  const text = `name: shop
deploy:
  shop:
    containers:
      - app:
          imgae: shop
          deploy: automatic
      - nginx:
          image: nginx
          ports: "80:80"
secrets:
  TOKEN: {env: TOKEN, file: token}
`;
  expect(rendered(text, 'yaml')).toBe(`
error[STK201]: unknown key \`imgae\` in \`app\`
 --> stack.yaml:6:11
  |
6 |           imgae: shop
  |           ^^^^^
  |
  = help: did you mean \`image\`?

error[STK204]: \`deploy\` must be \`auto\`, \`manual\` or \`cron\`, not \`automatic\`
 --> stack.yaml:7:19
  |
7 |           deploy: automatic
  |                   ^^^^^^^^^

error[STK202]: \`ports\` must be a list, not the text \`80:80\`
  --> stack.yaml:10:18
   |
10 |           ports: "80:80"
   |                  ^^^^^^^
   |
   = help: write a list: \`["80:80"]\`

error[STK206]: \`TOKEN\` has both \`env\` and \`file\`
  --> stack.yaml:12:23
   |
12 |   TOKEN: {env: TOKEN, file: token}
   |                       ^^^^
  ::: stack.yaml:12:11
   |
12 |   TOKEN: {env: TOKEN, file: token}
   |           --- the other one
   |
   = help: keep one of \`env\`, \`file\` or \`command\`

4 errors
`);
});

test('a JSON file that ends early', () => {
  expect(rendered('{\n  "deploy": {\n    "shop": {', 'json')).toBe(`
error[STK102]: the file ends before \`}\`
 --> stack.json:3:14
  |
3 |     "shop": {
  |              ^
 ::: stack.json:3:13
  |
3 |     "shop": {
  |             - opened here

1 error
`);
});

test('every hop of a cycle', () => {
  const related = [
    { span: at('"b"'), message: '`a` takes from `b`' },
    { span: at('2'), message: '`b` takes from `a`' },
    { span: null, message: 'that is a circle' },
  ];
  expect(show(diagnostic('STK301', 'circle', at('"a"'), { related, help: 'cut it\nanywhere' }))).toBe(`
error[STK301]: circle
 --> stack.json:2:3
  |
2 |   "a": 1,
  |   ^^^
 ::: stack.json:3:3
  |
3 |   "b": [
  |   --- \`a\` takes from \`b\`
 ::: stack.json:4:5
  |
4 |     2
  |     - \`b\` takes from \`a\`
  = note: that is a circle
  |
  = help: cut it
          anywhere

1 error
`);
});

test('a place of several lines is shown by its first', () => {
  expect(show(diagnostic('STK202', 'not this', at('[\n    2\n  ]'), { severity: 'warning' }))).toBe(`
warning[STK202]: not this
 --> stack.json:3:8
  |
3 |   "b": [
  |        ^

1 warning
`);
});

test('no place: the file', () => {
  expect(show(diagnostic('STK106', 'too large', null, { help: 'make it smaller' }))).toBe(`
error[STK106]: too large
 --> stack.json
  = help: make it smaller

1 error
`);
});

test('no source: the position', () => {
  const one = diagnostic('STK104', 'not UTF-8', at('2'), { help: 'save it as UTF-8' });
  expect(`\n${renderDiagnostics([one], null, { color: false, width: 100 })}`).toBe(`
error[STK104]: not UTF-8
 --> 4:5
  = help: save it as UTF-8

1 error
`);
});

test('nothing', () => {
  expect(renderDiagnostics([], source, { color: false, width: 100 })).toBe('');
});

test('errors, warnings and those that are left out are counted', () => {
  const text = show(
    diagnostic('STK201', 'a', null),
    diagnostic('STK201', 'b', null),
    diagnostic('STK301', 'c', null, { severity: 'warning' }),
    diagnostic('STK207', '4 more problems not shown', null),
  );
  expect(text).toMatch(/\n\n2 errors, 1 warning, and more\n$/);
});

/** The line and its underline for the stretch between « and ». */
function pointed(marked: string): readonly (string | undefined)[] {
  const start = marked.indexOf('«');
  const text = marked.replace('«', '');
  const end = text.indexOf('»');
  const file = new SourceFile('a', text.replace('»', ''), 'yaml');
  const output = renderDiagnostics([diagnostic('STK102', 'x', file.span({ start, end }))], file, {
    color: false,
    width: 100,
  });
  return output
    .split('\n')
    .slice(3, 5)
    .map((line) => line.slice(4));
}

describe('alignment', () => {
  test.each([
    ['tabs', '\ta:\t«b»', ['    a:    b', '          ^']],
    ['a tab itself', 'a:«\t»b', ['a:    b', '  ^^^^']],
    ['wide characters', '名前: «値段»', ['名前: 値段', '      ^^^^']],
    ['emoji', '😀: «x😀»', ['😀: x😀', '    ^^^']],
    ['combining marks', 'e\u0301e\u0301: «e\u0301»', ['e\u0301e\u0301: e\u0301', '    ^']],
    ['control characters', '\u001b[31m«x»', ['\\u{1b}[31mx', '          ^']],
    ['text from right to left by force', 'a\u202e«b»', ['a\\u{202e}b', '         ^']],
    ['a carriage return', 'a\r«b»', ['a\\u{d}b', '      ^']],
    ['nothing, at the end', 'a: «»', ['a:', '   ^']],
    ['nothing, in between', 'a«»b', ['ab', ' ^']],
    ['an empty line', '«»', ['', '^']],
  ])('%s', (_name, marked, shown) => {
    expect(pointed(marked)).toEqual(shown);
  });

  test('a long line is cut around the place', () => {
    const [line, underline] = pointed(`${'a'.repeat(300)}«bcd»${'e'.repeat(300)}`);
    expect(line).toBe(`…${'a'.repeat(31)}bcd${'e'.repeat(60)}…`);
    expect(underline).toBe(`${' '.repeat(32)}^^^`);
  });

  test('a long place is cut too', () => {
    const [line, underline] = pointed(`ab«${'c'.repeat(300)}»`);
    expect(line).toBe(`ab${'c'.repeat(92)}…`);
    expect(underline).toBe(`  ${'^'.repeat(92)}`);
  });

  test('a line of megabytes is cut without being read whole, and no pair of surrogates is torn', () => {
    const start = performance.now();
    const [line] = pointed(`${'😀'.repeat(1_000_000)}x«y»${'😀'.repeat(1_000_000)}`);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(line).toMatch(/^…😀+xy😀+…$/u);
  });
});

test('what the file says never reaches the terminal as it is', () => {
  const output = rendered('{"\\u001b[2J": 1, "deploy": {}}', 'json');
  expect(output).toContain('unknown key `\\u{1b}[2J`');
  expect(output).not.toMatch(/(?!\n)\p{Cc}/u);
});

test('colours only when asked', () => {
  const plain = rendered('deploys: {}\n', 'yaml');
  const colored = rendered('deploys: {}\n', 'yaml', true);
  const escape = '\u001b[';
  expect(plain).not.toContain(escape);
  expect(colored).toContain(`${escape}31merror[STK201]${escape}39m`);
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(plain);
});

test.each([60, 80, 100, 200])(
  'messages and help fit %i columns, and a command stays in one line',
  (width) => {
    const [message, help] = [
      'a long message '.repeat(12).trim(),
      `${'look here '.repeat(10)}\`docker volume rm x\`\nthen there`,
    ];
    const problem = diagnostic('STK102', message, at('"a"'), { help, related: [{ span: null, message }] });
    const output = renderDiagnostics([problem], source, { color: false, width });
    for (const line of output.split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
    expect(output).toContain('`docker volume rm x`');
    expect(output).toMatch(/^ {10}then there$/m);
    const colored = renderDiagnostics([problem], source, { color: true, width });
    // oxlint-disable-next-line no-control-regex -- they are what is taken out
    expect(colored.replaceAll(/\u001b\[\d+m/g, '')).toBe(output);
  },
);

test('of more than anybody reads the first are shown, errors before warnings, and all are counted', () => {
  const warning = diagnostic('STK341', 'late', null, { severity: 'warning' });
  const many = [warning, ...Array.from({ length: 600 }, () => diagnostic('STK340', 'lacking', null))];
  const text = renderDiagnostics(many, null, { color: false, width: 80 });
  expect(text.match(/error\[/g)).toHaveLength(500);
  expect(text).not.toContain('late');
  expect(text.trimEnd().split('\n').at(-1)).toBe('600 errors, 1 warning (the first 500 are shown)');
});
