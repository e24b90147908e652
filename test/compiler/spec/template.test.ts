import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTemplate } from '../../../src/compiler/spec/template.ts';
import { unreachable } from '../../../src/compiler/unreachable.ts';
import { templateWords } from '../../../src/compiler/spec/template-words.ts';

function shown(text: string): readonly string[] {
  const { parts, problems } = parseTemplate(text);
  return [
    ...parts.map((part) => {
      const place = `${part.start}-${part.end}`;
      switch (part.kind) {
        case 'text':
          return `${place} ${JSON.stringify(part.text)}`;
        case 'env':
          return `${place} env ${part.name}${part.fallback === null ? '' : `|${part.fallback}`}`;
        case 'socket':
          return `${place} socket`;
        case 'name':
        case 'secret':
          return `${place} ${part.kind} ${part.name}`;
        default:
          return unreachable(part);
      }
    }),
    ...problems.map(({ code, start, end, help }) => `${code} ${text.slice(start, end)} ${help ?? ''}`),
  ];
}

test.each([
  ['plain $HOME ${HOME}', ['0-19 "plain $HOME ${HOME}"']],
  ['', []],
  ['a%{app_name}b', ['0-1 "a"', '1-12 name app_name', '12-13 "b"']],
  ['%{env:X}%{env:Y|}%{env:Z|a b|c}', ['0-8 env X', '8-17 env Y|', '17-31 env Z|a b|c']],
  ['%{secret:a-b.c}', ['0-15 secret a-b.c']],
  ['100% %d %', ['0-9 "100% %d %"']],
  ['%%{host} %%%{host}', ['0-2 "%"', '2-9 "{host} "', '9-11 "%"', '11-18 name host']],
  ['%{socket}', ['0-9 socket']],
])('%j', (text, expected) => {
  expect(shown(text)).toEqual(expected);
});

test.each([
  ['%{app_nam}', 'STK303 %{app_nam} did you mean `%{app_name}`?'],
  ['%{ host }', 'STK303 %{ host } did you mean `%{host}`?'],
  ['%{RACK_ENV}', 'STK303 %{RACK_ENV} for a variable of your environment write `%{env:RACK_ENV}`'],
  [
    '%{}',
    'STK303 %{} known are app_name, container, index, opsworks, host, public_ip, stack, application, socket, env:NAME and secret:NAME; `%%{` stands for the characters',
  ],
  ['%{env:A|%{host}}', 'STK302 %{env:A|%{host} nothing nests: use one at a time'],
  ['%{env:1}', 'STK302 %{env:1} write `%{env:NAME}` or `%{env:NAME|default}`'],
  ['%{secret:}', 'STK302 %{secret:} write `%{secret:NAME}`'],
  ['%{host', 'STK302 %{host close it with `}`, or write `%%{` for the characters themselves'],
])('%j is a problem', (text, problem) => {
  expect(shown(text)).toContain(problem);
});

test('doubling every percent sign gives the text back', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { parts, problems } = parseTemplate(text.replaceAll('%', '%%'));
      expect(problems).toEqual([]);
      expect(parts.map((part) => (part.kind === 'text' ? part.text : '')).join('')).toBe(text);
    }),
  );
});

test('parts cover the string, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('%', '{', '}', 'env:', 'host', 'a', '|', ':') }),
      (text) => {
        const { parts, problems } = parseTemplate(text);
        let end = 0;
        for (const stretch of [...parts, ...problems].sort((a, b) => a.start - b.start)) {
          expect(stretch.start).toBe(end);
          end = stretch.end;
        }
        expect(end).toBe(text.length);
      },
    ),
  );
});

test('words are split around interpolations, never inside them', () => {
  const text = `run -l%{socket} "%{env:A|x y}" 'a %{host}b' \\%{index}`;
  const { parts } = parseTemplate(text);
  const words = templateWords({ parts, place: { range: { start: 0, end: 0 }, exact: null } });
  expect(
    words.ok &&
      words.value.map((word) => word.parts.map((p) => (p.kind === 'text' ? p.text : `<${p.kind}>`)).join('')),
  ).toEqual(['run', '-l<socket>', '<env>', 'a <name>b', '<name>']);
});
