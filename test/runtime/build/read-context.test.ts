import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { BuildRequirement } from '../../../src/compiler/desired/resolved-inputs.ts';
import { readContext } from '../../../src/runtime/build/read-context.ts';

const plain: BuildRequirement = {
  key: '',
  context: 'app',
  dockerfile: 'Dockerfile',
  args: [],
  target: null,
  platform: null,
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-build-'));
  write('app/Dockerfile', 'FROM base\n');
  write('app/lib/a.rb', 'a');
  write('app/lib/b.rb', 'b');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

const read = (more: Partial<BuildRequirement> = {}) => readContext({ ...plain, ...more }, folder);

async function digest(more: Partial<BuildRequirement> = {}): Promise<string> {
  const found = await read(more);
  if ('error' in found) throw new Error(found.error);
  return found.digest;
}

test('counts what is in it, the same at every look', async () => {
  const found = await read();
  expect(found).toEqual({ digest: expect.stringMatching(/^[0-9a-f]{64}$/), files: 3, bytes: 12 });
  expect(await read()).toEqual(found);
});

test.each<[string, () => void]>([
  ['a content', () => write('app/lib/a.rb', 'A')],
  ['the Dockerfile', () => write('app/Dockerfile', 'FROM other\n')],
  ['another file', () => write('app/lib/c.rb', '')],
  ['a file that is gone', () => rmSync(join(folder, 'app/lib/b.rb'))],
  ['permissions', () => chmodSync(join(folder, 'app/lib/a.rb'), 0o755)],
  ['an empty folder', () => mkdirSync(join(folder, 'app/tmp'))],
  ['a link', () => symlinkSync('a.rb', join(folder, 'app/lib/c.rb'))],
  ['a byte of a large file', () => write('app/large', `${'x'.repeat(3_000_000)}y`)],
])('%s makes another digest', async (_, change) => {
  write('app/large', `${'x'.repeat(3_000_000)}z`);
  const before = await digest();
  change();
  expect(await digest()).not.toBe(before);
});

test('contents that change places make another digest', async () => {
  const before = await digest();
  write('app/lib/a.rb', 'b');
  write('app/lib/b.rb', 'a');
  expect(await digest()).not.toBe(before);
});

test('times make none', async () => {
  const before = await digest();
  utimesSync(join(folder, 'app/lib/a.rb'), 1, 1);
  expect(await digest()).toBe(before);
});

test('arguments, stage and platform make others', async () => {
  const all = await Promise.all([
    digest(),
    digest({ args: [{ name: 'A', value: '1' }] }),
    digest({ args: [{ name: 'A', value: '2' }] }),
    digest({ target: 'web' }),
    digest({ platform: 'linux/arm64' }),
  ]);
  expect(new Set(all).size).toBe(5);
});

test('what `.dockerignore` names stays out, but for its exceptions', async () => {
  write('app/.dockerignore', '# out\n*.log\nlib\n!lib/a.rb\n**/tmp\n');
  const before = await read();
  expect(before).toMatchObject({ files: 3 });
  write('app/x.log', 'x');
  write('app/lib/b.rb', 'another');
  write('app/deep/down/tmp/x', 'x');
  rmSync(join(folder, 'app/deep'), { recursive: true });
  expect(await read()).toEqual(before);
  write('app/lib/a.rb', 'another');
  expect(await read()).not.toEqual(before);
});

test('so does a name that is not UTF-8', async () => {
  write('app/.dockerignore', 'caf*\n');
  const before = await read();
  writeFileSync(Buffer.concat([Buffer.from(join(folder, 'app/caf')), Buffer.from([0xe9])]), '');
  expect(await read()).toEqual(before);
});

test('it tells capital letters from small ones', async () => {
  write('app/.dockerignore', 'LIB\n');
  expect(await read()).toMatchObject({ files: 4 });
});

test('a Dockerfile that is named there counts all the same', async () => {
  write('app/.dockerignore', 'Dockerfile\n');
  const before = await digest();
  write('app/Dockerfile', 'FROM other\n');
  expect(await digest()).not.toBe(before);
});

test("a Dockerfile's own list comes before that of the context", async () => {
  write('app/.dockerignore', 'lib/a.rb\n');
  write('app/Dockerfile.dockerignore', 'lib/b.rb\n');
  const before = await digest();
  write('app/lib/b.rb', 'another');
  expect(await digest()).toBe(before);
  write('app/lib/a.rb', 'another');
  expect(await digest()).not.toBe(before);
});

test("a folder and a Dockerfile may lie beside each other, and outside of the stack file's", async () => {
  write('docker/web.Dockerfile', 'FROM base\n');
  mkdirSync(join(folder, 'stacks'));
  const outside = { ...plain, context: '../app', dockerfile: '../docker/web.Dockerfile' };
  expect(await readContext(outside, join(folder, 'stacks'))).toMatchObject({ files: 3 });
});

test.each<[string, () => Partial<BuildRequirement>, string]>([
  ['no folder', () => ({ context: 'gone' }), 'it does not exist'],
  ['a file', () => ({ context: 'app/Dockerfile' }), 'it is no folder'],
  ['no Dockerfile', () => ({ dockerfile: 'web.Dockerfile' }), 'it has no `web.Dockerfile`'],
  ['a folder as Dockerfile', () => ({ dockerfile: 'lib' }), '`lib` is no file'],
  ['the root of the machine', () => ({ context: '/' }), 'it is the whole file system of this machine'],
  [
    'a pipe that nobody writes',
    () => {
      execFileSync('mkfifo', [join(folder, 'app/.dockerignore')]);
      return {};
    },
    '`.dockerignore` is no file',
  ],
  [
    'a name of other bytes',
    () => {
      writeFileSync(Buffer.concat([Buffer.from(join(folder, 'app/caf')), Buffer.from([0xe9])]), '');
      return {};
    },
    '`caf\uFFFD` has a name that is not UTF-8',
  ],
  [
    'a link in a circle',
    () => {
      symlinkSync('round', join(folder, 'app/round'));
      return { dockerfile: 'round' };
    },
    '`round` is a link that leads to itself',
  ],
])('%s says so', async (_, more, error) => {
  expect(await read(more())).toEqual({ error });
});
