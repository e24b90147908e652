import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd = '';
let memory: MemoryEngine;
/** Called where a start hangs, as if the command had been killed there. */
let hang: (() => void) | null = null;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-history-'));
  hang = null;
  memory = memoryEngine({
    images: { 'app:1': {}, 'app:2': {}, [agentImage().tag]: {} },
    behaviour: ({ labels: own }) =>
      own[labels.role] === 'instance' && (own[labels.spec] ?? '').includes('"image":"app:2"')
        ? { exitAfterMs: 0, exitCode: 3, output: [{ stream: 'stderr', text: 'no database: hunter2hunter2' }] }
        : {},
    before: ({ method }) => {
      if (hang === null || method !== 'startContainer') return undefined;
      hang();
      return new Promise<void>(() => undefined);
    },
  });
  await write('app:1');
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function write(image: string): Promise<void> {
  const app = {
    deploy: 'auto',
    image,
    startup_time: 0.01,
    env: { TOKEN: '%{secret:TOKEN}' },
    strategy: { order: 'stop-first' },
  };
  await writeFile(join(cwd, 'token'), 'hunter2hunter2');
  await writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({
      name: 'shop',
      monitor: 0,
      secrets: { TOKEN: { file: 'token' } },
      deploy: { shop: { containers: { app } } },
    }),
  );
}

const cli = (words: readonly string[]) => stack(words, { cwd, engine: memory });

/** What differs from run to run. */
function steady(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d(:\d\dZ)?/g, (time) => (time.endsWith('Z') ? 'SECOND' : 'MINUTE'))
    .replace(/\S+@\S+/g, 'WHO')
    .replace(/ {2,}(?=\S)/g, '  ')
    .replace(/\d+\.\d s/g, 'TIME')
    .replace(/[0-9a-f]{64}/g, 'HASH');
}

describe('history', () => {
  it('lists what was applied, newest first', async () => {
    await cli(['apply', '--yes']);
    await write('app:2');
    expect((await cli(['apply', '--yes'])).code).toBe(1);
    const { code, stdout } = await cli(['history']);
    expect(code).toBe(0);
    expect(steady(stdout)).toBe(
      [
        'REVISION  WHEN (UTC)  WHO  DONE  TOOK  RESULT',
        '2  MINUTE  WHO  4/9  TIME  failed',
        '1  MINUTE  WHO  8/8  TIME  done',
        '',
      ].join('\n'),
    );
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('shows one with its operations, and what failed, without secrets', async () => {
    await cli(['apply', '--yes']);
    await write('app:2');
    await cli(['apply', '--yes']);
    const { stdout } = await cli(['history', '2']);
    expect(steady(stdout)).toMatch(/^Revision 2 of stack `shop`: failed after TIME\nSECOND by WHO stackc /);
    expect(stdout).toContain('replace  shop/app0  generation 1 → 2  image');
    expect(stdout).toMatch(/✗ .*shop\/app0 gate 2 .*failed/);
    expect(stdout).toContain('│ no database: (masked)');
    expect(stdout).toContain('taken back: shop/app0');
    const document = await cli(['history', '2', '--json']);
    expect(document.stdout + stdout).not.toContain('hunter2');
    expect(JSON.parse(document.stdout)).toMatchObject({
      stack: 'shop',
      revision: 2,
      result: 'failed',
      failed: 1,
      taken_back: ['shop/app0'],
    });
    expect(JSON.parse((await cli(['history', '--json'])).stdout).revisions).toHaveLength(2);
  });

  it('shows one that was cut off as such, and so do status and plan', async () => {
    await cli(['apply', '--yes']);
    const before = await cli(['status']);
    expect(before.stderr).toBe('');
    await write('app:2');
    const reached = new Promise<void>((resolve) => {
      hang = resolve;
    });
    void cli(['apply', '--yes']);
    await reached;
    hang = null;
    const goesOn = await cli(['status']);
    expect(goesOn.stderr).toMatch(/^apply 2 goes on: .* now at shop\/app0 start 2\n$/);
    const locked = await cli(['apply', '--yes']);
    expect(locked.code).toBe(75);
    expect(locked.stderr).toMatch(
      /the stack is locked: .* for `stack apply`, now at shop\/app0 start 2; nothing/,
    );
    expect((await cli(['unlock'])).code).toBe(1);
    expect((await cli(['unlock', '--yes'])).stderr).toContain('it is free now');
    expect((await cli(['unlock', '--yes'])).stderr).toContain('nobody holds the lock of stack `shop`');
    const { stdout } = await cli(['history']);
    expect(stdout).toMatch(/^2 .*cut off at shop\/app0 start 2$/m);
    const status = await cli(['status']);
    expect(status.stderr).toMatch(/^apply 2 \(.*\) was cut off at shop\/app0 start 2/);
    expect((await cli(['plan'])).stderr).toBe(status.stderr);
    for (const command of ['plan', 'status']) {
      const document = JSON.parse((await cli([command, '--json'])).stdout);
      expect(document.unfinished).toMatchObject({ revision: 2, cut_off_at: ['shop/app0 start 2'] });
    }
    await cli(['apply', '--yes']);
    expect((await cli(['status'])).stderr).toMatch(
      /^apply 3 \(.*\) failed: `stack abort` goes back to the revision before, `stack resume` tries it again; .* tells why\n$/,
    );
    await write('app:1');
    await cli(['apply', '--yes']);
    expect((await cli(['status'])).stderr).toBe('');
  });

  it('goes on after a destroy that keeps the volumes', async () => {
    await write('app:1');
    const kept = JSON.parse(await readFile(join(cwd, 'stack.json'), 'utf8'));
    kept.deploy.shop.data_volumes = { data: ['/data'] };
    kept.deploy.shop.containers.app.volumes_from = ['data'];
    await writeFile(join(cwd, 'stack.json'), JSON.stringify(kept));
    await cli(['apply', '--yes']);
    await cli(['destroy', '--yes']);
    const gone = await cli(['history']);
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('has no journal on this engine');
    await cli(['apply', '--yes']);
    const { stdout } = await cli(['history']);
    expect(stdout).toMatch(/^2 .* destroyed$/m);
    expect(stdout).toMatch(/^3 .* done$/m);
  });

  it.each([
    [['history', '7'], 1, 'has no revision 7 in its journal', 'there are 1 to 1'],
    [['history', 'x'], 64, 'is no revision', '`stack history` lists them'],
    [['history', 'stack.json'], 64, 'is no revision', 'stack history --file stack.json'],
    [['history', '--name', 'tea'], 1, 'nothing of stack `tea` is on this engine', 'shop'],
  ])('%s', async (words, code, message, help) => {
    await cli(['apply', '--yes']);
    const result = await cli(words);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(help);
  });
});
