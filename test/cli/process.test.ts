import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Below the root, so that the packages are found from there. */
const CACHE = join(ROOT, 'node_modules', '.cache');

let cwd: string;
let program: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'stackc-process-'));
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'cli-'));
  program = join(folder, 'stack.mjs');
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/cli/main.ts'],
    outfile: program,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    define: { __STACKC_VERSION__: JSON.stringify(version) },
  });
  // Where the agent's image looks for its files in an installed package.
  mkdirSync(join(folder, 'agent'));
  writeFileSync(join(folder, 'agent', 'agent.mjs'), '');
  writeFileSync(join(folder, 'agent', 'Dockerfile'), '');
  const containers = Array.from({ length: 300 }, (_, index) => ({
    [`worker${index}x`]: { deploy: 'auto', image: 'worker:1', containers: 5 },
  }));
  writeFileSync(join(cwd, 'stack.json'), JSON.stringify({ name: 'shop', deploy: { shop: { containers } } }));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program; `lines`: closes its output after so many bytes, as `head` does. */
function run(words: readonly string[], closeAfter = Number.POSITIVE_INFINITY): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: cwd, DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (stdout.length >= closeAfter) child.stdout.destroy();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdin.end();
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the program', () => {
  it('tells its version, the same as the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('writes all of a long output into a pipe before it ends', async () => {
    const { code, stdout } = await run(['plan', '--offline', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).changes.length).toBeGreaterThan(1500);
    expect(stdout.length).toBeGreaterThan(1_000_000);
  });

  it('ends quietly when nobody reads on', async () => {
    const { code, stderr } = await run(['plan', '--offline', '--json'], 100);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('is 69 when the engine of the environment is not there', async () => {
    const { code, stderr } = await run(['plan']);
    expect(code).toBe(69);
    expect(stderr).toContain('/nowhere/docker.sock');
  });

  it('is 64 for wrong usage', async () => {
    expect((await run(['nonsense'])).code).toBe(64);
  });
});
