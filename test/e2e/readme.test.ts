import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, StackFolder, wipe } from '../support/stack-cli.ts';

const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const folder = new StackFolder();

beforeAll(() => wipe('shop'));
afterAll(async () => {
  await wipe('shop');
  folder.remove();
});

/** The first fenced block that begins so, without the first line. */
function block(begin: string): string {
  const start = README.indexOf(`\`\`\`${begin}\n`);
  if (start < 0) throw new Error(`README has no block that begins with ${begin}`);
  const text = README.slice(start + 4 + begin.length);
  return text.slice(0, text.indexOf('```')).trim();
}

/** Image ids differ with every build. */
const anyId = (text: string) => text.replace(/\b[0-9a-f]{12}\b/g, 'ID');

test('the file, the plan and the counts of the README are what a reader gets', async () => {
  const file = block('json');
  writeFileSync(folder.file, file);
  writeFileSync(join(folder.folder, 'db-password'), 'hunter2hunter2\n');
  const first = await folder.run(['apply', '--yes']);
  expect(first.code, first.stderr).toBe(0);
  writeFileSync(folder.file, file.replace('app:1"', 'app:2"').replace('"Hello"', '"Salut"'));
  const plan = await folder.run(['plan']);
  expect(anyId(plan.stdout.trim())).toBe(anyId(block('\n$ stack plan')));
  const apply = await folder.run(['apply', '--yes']);
  const counts = (text: string) =>
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/.*Applied in [\d.]+ s/, '');
  expect(counts(apply.stderr)).toBe(counts(block('\n$ stack apply --yes')));
  expect((await folder.run(['apply', '--yes'])).stdout).toMatch(/Nothing to do/);
});
