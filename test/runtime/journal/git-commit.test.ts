import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { gitCommit } from '../../../src/runtime/journal/git-commit.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-git-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...words: readonly string[]): string {
  const who = ['-c', 'user.name=anna', '-c', 'user.email=anna@example.com'];
  return execFileSync('git', [...who, ...words], { cwd: folder, encoding: 'utf8' }).trim();
}

test('the commit that the file lies in, and whether it differs', async () => {
  const file = join(folder, 'stack.yaml');
  writeFileSync(file, 'one');
  expect(await gitCommit(file)).toBeNull();
  git('init', '--quiet');
  expect(await gitCommit(file)).toBeNull();
  git('add', '.');
  git('commit', '--quiet', '--message', 'one');
  const commit = git('rev-parse', 'HEAD');
  expect(await gitCommit(file)).toEqual({ commit, dirty: false });
  writeFileSync(join(folder, 'other'), 'x');
  expect(await gitCommit(file)).toEqual({ commit, dirty: false });
  expect(await gitCommit(join(folder, 'other'))).toEqual({ commit, dirty: true });
  writeFileSync(file, 'two');
  expect(await gitCommit(file)).toEqual({ commit, dirty: true });
});

test('nothing that the repository configures is run', async () => {
  const file = join(folder, 'stack.yaml');
  writeFileSync(file, 'one');
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'one');
  git('config', 'core.fsmonitor', `touch ${join(folder, 'ran')}; false`);
  await gitCommit(file);
  expect(await gitCommit(join(folder, 'ran'))).toMatchObject({ dirty: false });
});
