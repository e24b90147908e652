import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAM, ROOT } from '../support/stack-cli.ts';

let cwd: string;

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'stackc-process-'));
  const containers = Array.from({ length: 300 }, (_, index) => ({
    [`worker${index}x`]: { deploy: 'auto', image: 'worker:1', containers: 5 },
  }));
  writeFileSync(join(cwd, 'stack.json'), JSON.stringify({ name: 'shop', deploy: { shop: { containers } } }));
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
    const child = spawn(process.execPath, [PROGRAM, ...words], {
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
