import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { codes } from '../../src/compiler/codes.ts';
import { resolve } from '../../src/compiler/desired/resolve.ts';
import type { ResolvedInputs } from '../../src/compiler/desired/resolved-inputs.ts';
import type { Diagnostic } from '../../src/compiler/diagnostic.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { checkShape } from '../../src/compiler/shape/check-shape.ts';
import { decode } from '../../src/compiler/source/decode.ts';
import { parse } from '../../src/compiler/source/parse.ts';
import { compile } from '../../src/compiler/spec/compile.ts';
import { desired, diagnosticsOf, inputs } from '../compiler/spec/marked.ts';
import { nothing, plainRequest, settled } from '../support/desired.ts';

const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');

interface Section {
  readonly heading: string;
  readonly text: string;
}

const sections: readonly Section[] = page
  .split(/^(?=#{2,3} )/m)
  .filter((part) => part.startsWith('### '))
  .map((part) => {
    const [heading = '', ...lines] = part.split('\n');
    return { heading, text: lines.join('\n').trim() };
  });

test('every code has one heading with its title, in order, and there is no other', () => {
  const expected = Object.entries(codes).map(([code, title]) => `### ${code}: ${title}`);
  expect(sections.map(({ heading }) => heading)).toEqual(expected);
});

/** What is known from outside, where an example depends on it. */
const outside: Readonly<Partial<Record<string, Partial<ResolvedInputs>>>> = {
  STK341: { secrets: { TOKEN: { error: '`token` cannot be read: does not exist' } } },
  STK342: { images: { 'app:1': { kind: 'missing', error: 'it is not on the engine' } } },
  STK366: {
    images: {
      'app:1': {
        kind: 'pull',
        digest: null,
        why: 'not on the engine',
        doubt: { message: 'it is not on the engine and cannot be looked up', help: null },
        config: null,
      },
    },
  },
  STK371: {
    builds: {
      '["./app","Dockerfile",null,null,[]]': { digest: 'ab'.repeat(32), files: 4, bytes: 600_000_000 },
    },
  },
  STK365: {
    images: {
      'app:1': {
        kind: 'local',
        id: `sha256:${'1'.repeat(64)}`,
        warning: 'its registry cannot be asked; the local image stands',
        config: {
          entrypoint: [],
          command: [],
          env: [],
          stopSignal: null,
          healthcheck: false,
          exposedPorts: [],
        },
      },
    },
  },
};

const examples = sections.flatMap(({ heading, text }) => {
  const code = heading.slice(4, 10);
  const files = [...text.matchAll(/^```(yaml|json)\n(.*?)^```$/gms)].map(([, format = '', file = '']) => ({
    name: `stack.${format}`,
    file,
  }));
  const planned = files.at(-1);
  return planned === undefined ? [] : [{ code, text, planned, applied: files.length > 1 ? files[0] : null }];
});

test('most codes of the first three groups have a file that gives them', () => {
  const early = Object.keys(codes).filter((code) => /^STK[123]/.test(code));
  const shown = new Set(examples.map(({ code }) => code));
  expect(early.filter((code) => !shown.has(code))).toEqual([
    'STK101',
    'STK104',
    'STK106',
    'STK107',
    'STK113',
    'STK207',
  ]);
});

describe('each example gives its code, and nothing else', () => {
  test.each(examples.map((example) => [example.code, example] as const))('%s', (code, example) => {
    const { planned, applied, text } = example;
    const found = diagnose(planned.name, planned.file, outside[code] ?? {}, applied?.file ?? null);
    expect([...new Set(found.map((diagnostic) => diagnostic.code))]).toEqual([code]);
    const severity = text.startsWith('Warning') ? 'warning' : 'error';
    expect(found.map((diagnostic) => diagnostic.severity)).toEqual(found.map(() => severity));
  });
});

/** The way of a file through the stages, up to the first that stops it, on an engine with `applied` or with nothing. */
function diagnose(
  name: string,
  file: string,
  more: Partial<ResolvedInputs>,
  applied: string | null,
): readonly Diagnostic[] {
  const decoded = decode(name, new TextEncoder().encode(file));
  if (!decoded.ok) return decoded.diagnostics;
  const document = parse(decoded.value);
  if (!document.ok) return document.diagnostics;
  const shape = checkShape(document.value);
  if (shape.length > 0) return shape;
  const spec = compile(document.value);
  if (!spec.ok) return spec.diagnostics;
  const resolved = resolve(spec.value, { ...inputs, ...more });
  if (!resolved.ok) return [...spec.warnings, ...resolved.diagnostics];
  const observed = applied === null ? nothing : settled(desired(applied));
  const plan = reconcile(resolved.value, observed, plainRequest);
  return [...spec.warnings, ...resolved.warnings, ...diagnosticsOf(plan)];
}
