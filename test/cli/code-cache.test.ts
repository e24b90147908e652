import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { stack, until } from '../support/stack-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'stackc-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a command does the same from V8’s code cache as without it', async () => {
  writeFileSync(join(folder, 'secret'), 'hush\n');
  const file = join(folder, 'stack.json');
  const containers = { web: { deploy: 'auto', image: 'web:1', env: { TOKEN: '%{secret:TOKEN}' } } };
  writeFileSync(
    file,
    JSON.stringify({
      name: 'cached',
      secrets: { TOKEN: { file: 'secret' } },
      deploy: { cached: { containers } },
    }),
  );
  const plan = () => stack(['plan', '--offline', file], { env: { XDG_CACHE_HOME: folder } });
  const first = await plan();
  expect(first.code, first.stderr).toBe(0);
  // A command that took long leaves none: on a busy machine a later one does.
  await until(
    async () => (await plan()).code === 0 && existsSync(join(folder, 'stackc')),
    (isThere) => isThere,
  );
  expect(readdirSync(join(folder, 'stackc'))).toHaveLength(1);
  const second = await plan();
  expect(second).toEqual(first);
  writeFileSync(join(folder, 'stackc', readdirSync(join(folder, 'stackc'))[0] ?? ''), 'not code');
  expect(await plan()).toEqual(first);
});
