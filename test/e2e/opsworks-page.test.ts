import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { asPattern, comparable, pageParts, sayOnPage, writeOnPage } from '../support/page.ts';
import { command, freePort, PROGRAM, ROOT, StackFolder, wipe } from '../support/stack-cli.ts';

const PAGE = readFileSync(join(ROOT, 'docs/coming-from-opsworks.md'), 'utf8');
const STACK = 'book-shop';
/** What the page starts by hand. */
const BY_HAND = ['pages', 'clerk0'];
/** The ports of the host on the page; somebody may hold them where the test runs. */
const PORTS = /\b1808([0-2])\b/g;

const folder = new StackFolder();

beforeAll(async () => {
  await clear();
  const bin = join(folder.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'stack'), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
  chmodSync(join(bin, 'stack'), 0o755);
});
afterAll(async () => {
  await clear();
  folder.remove();
});

async function clear(): Promise<void> {
  await wipe(STACK);
  await command('docker', ['rm', '--force', '--volumes', ...BY_HAND]);
}

/** The headings that the rows of the table lead to. */
const ROWS = [...PAGE.matchAll(/^\| .+ \| .+ \| .+ \| \[.+?\]\(#([a-z-]+)\) \|$/gm)].map(([, to]) => to);

test('every row leads to an example, and every example is one of a row', () => {
  const examples = new Set(pageParts(PAGE).map(({ heading }) => heading.toLowerCase().replaceAll(' ', '-')));
  expect(new Set(ROWS)).toEqual(examples);
  expect(ROWS).toHaveLength(PAGE.split('\n').filter((line) => /^\| .*\(#/.test(line)).length);
});

test('what the page says that the commands print is what they print', async () => {
  const port = await freePort();
  const here = (text: string) => text.replaceAll(PORTS, (_, digit: string) => String(port + Number(digit)));
  const env: Record<string, string> = { PATH: `${join(folder.folder, 'bin')}:${process.env['PATH'] ?? ''}` };
  for (const part of pageParts(PAGE)) {
    if (part.kind === 'file') {
      writeOnPage(folder.folder, { ...part, text: here(part.text) });
      continue;
    }
    const said = comparable(await sayOnPage(part.words, folder.folder, env));
    expect(said, `${part.heading}: ${part.words}`).toMatch(asPattern(here(part.output)));
  }
});
