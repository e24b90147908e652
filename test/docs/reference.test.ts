import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}docs/reference.md`, 'utf8');

test('the page is what `npm run docs` makes of the schema, the compiler and the template', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/reference.mjs', '--print'], {
    cwd: root,
  });
  expect(page).toBe(stdout);
});

test.each(['on', 'hosts', 'waves'])('`%s` is marked as not supported yet', (key) => {
  const rows = page.split('\n').filter((line) => line.startsWith(`| \`${key}\` |`));
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row).toContain('*Not supported yet.*');
});

test.each(['deploy', 'health', 'batch', 'weekday', 'hooks', 'heal', 'scale'])('`%s` is not', (key) => {
  const rows = page.split('\n').filter((line) => line.startsWith(`| \`${key}\` |`));
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) expect(row).not.toContain('*Not supported yet.*');
});
