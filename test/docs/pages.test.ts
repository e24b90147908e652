import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkShape } from '../../src/compiler/shape/check-shape.ts';
import { parse } from '../../src/compiler/source/parse.ts';
import { SourceFile } from '../../src/compiler/source/source-file.ts';
import { compile } from '../../src/compiler/spec/compile.ts';
import { brief, diagnosticsOf } from '../compiler/spec/marked.ts';

const folder = fileURLToPath(new URL('../../docs', import.meta.url));
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
const text = (path: string) => readFileSync(path, 'utf8');

describe('every link of a page leads somewhere', () => {
  test.each(pages)('%s', (name) => {
    const page = text(join(folder, name));
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    const dead = links.filter(([, file = '', anchor]) => {
      const path = file === '' ? join(folder, name) : join(folder, file);
      return !existsSync(path) || (anchor !== undefined && !anchors(text(path)).has(anchor));
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });
});

function anchors(page: string): ReadonlySet<string> {
  const titles = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

const files = [...text(join(folder, 'guide.md')).matchAll(/^```yaml\n((?:name|deploy):.*?)^```$/gms)].map(
  ([, file = '']) => file,
);

test('the guide shows whole stack files', () => {
  expect(files).toHaveLength(12);
});

test.each(files)('this stack file of the guide has no problem:\n%s', (file) => {
  const document = parse(new SourceFile('stack.yaml', file, 'yaml'));
  if (!document.ok) throw new Error(brief(document.diagnostics).join('\n'));
  expect(brief(checkShape(document.value))).toEqual([]);
  expect(brief(diagnosticsOf(compile(document.value)))).toEqual([]);
});
