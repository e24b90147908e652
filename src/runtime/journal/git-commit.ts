import { execFile } from 'node:child_process';
import { dirname, basename } from 'node:path';

import type { ApplyRecord } from '../../compiler/journal/record.ts';

/** An apply is worth more than knowing its commit. */
const LIMIT_MS = 1_000;

/**
 * The commit that a file lies in, and whether the file differs from it; null where there is no git, no repository, no commit,
 * or no answer in time. Nothing is written.
 */
export async function gitCommit(path: string): Promise<ApplyRecord['git']> {
  const folder = dirname(path);
  const [commit, changes] = await Promise.all([
    git(folder, ['rev-parse', '--verify', 'HEAD']),
    git(folder, ['status', '--porcelain', '--ignored', '--', basename(path)]),
  ]);
  return commit === null || changes === null ? null : { commit: commit.trim(), dirty: changes !== '' };
}

function git(folder: string, words: readonly string[]): Promise<string | null> {
  const options = {
    cwd: folder,
    timeout: LIMIT_MS,
    env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_LITERAL_PATHSPECS: '1' },
  };
  return new Promise((resolve) => {
    execFile('git', ['-c', 'core.fsmonitor=false', ...words], options, (error, stdout) => {
      resolve(error === null ? stdout : null);
    });
  });
}
