import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { TIME_LIMIT_S, TRIES } from './runs.ts';
import { worstTexts } from './worst-texts.ts';

const MEMORY_LIMIT_MB = 512;

let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-limits-'));
  await build({
    entryPoints: [fileURLToPath(new URL('limits-child.ts', import.meta.url))],
    outfile: join(folder, 'child.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What it takes a process to read a text. */
async function taken(words: readonly string[]): Promise<{ readonly cpuS: number; readonly rssMb: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'child.cjs'), ...words]);
  return JSON.parse(stdout);
}

test.each(worstTexts)(
  '%s: %s takes no more than two seconds and 512 MB',
  async (reader, _name, bytes) => {
    const file = join(folder, 'text');
    writeFileSync(file, bytes);
    let cpuS = Infinity;
    for (let tries = 0; tries < TRIES && cpuS > TIME_LIMIT_S; tries += 1) {
      const took = await taken([reader, file]);
      expect(took.rssMb).toBeLessThan(MEMORY_LIMIT_MB);
      cpuS = Math.min(cpuS, took.cpuS);
    }
    expect(cpuS).toBeLessThan(TIME_LIMIT_S);
  },
  // A text that hangs is killed with its test.
  120_000,
);
