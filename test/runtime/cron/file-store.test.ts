import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { foldCron } from '../../../src/compiler/cron/fold.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { FileStore } from '../../../src/runtime/cron/file-store.ts';
import { boundedLog } from '../../../src/runtime/cron/bounded-log.ts';
import type { LogChunk } from '../../../src/runtime/engine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cron-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = () => join(folder, 'cron.jsonl');

function begun(run: number): CronRecord {
  return {
    type: 'begun',
    job: 'shop/backup',
    atMs: run * 60_000,
    run,
    dueMs: run * 60_000,
    by: null,
    image: 'sha256:a',
  };
}

function ended(run: number): CronRecord {
  const end = { result: 'succeeded', exitCode: 0, tookMs: 10, why: null } as const;
  return { type: 'ended', job: 'shop/backup', atMs: run * 60_000 + 10, run, ...end };
}

async function* output(...texts: readonly string[]): AsyncGenerator<LogChunk> {
  for (const text of texts) yield { stream: 'stdout', data: Buffer.from(text) };
}

describe('the record of jobs on the disk', () => {
  test('gives back what was written, nothing where there is none', async () => {
    const store = new FileStore(folder);
    expect(await store.read()).toEqual([]);
    await store.append([begun(1), ended(1)]);
    await store.append([begun(2)]);
    expect(await new FileStore(folder).read()).toEqual([begun(1), ended(1), begun(2)]);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('is not spoiled by a line that was cut off', async () => {
    const store = new FileStore(folder);
    await store.append([begun(1)]);
    appendFileSync(path(), '{"v":1,"type":"ended","jo');
    await store.append([begun(2)]);
    expect(await store.read()).toEqual([begun(1), begun(2)]);
  });

  test('becomes small again, and tells the same', async () => {
    const store = new FileStore(folder, 20_000);
    const all: CronRecord[] = [];
    for (let run = 1; run <= 400; run += 1) {
      all.push(begun(run), ended(run));
      await store.append([begun(run), ended(run)]);
    }
    expect(statSync(path()).size).toBeLessThan(60_000);
    expect(foldCron(await store.read())).toEqual(foldCron(all));
    expect(readdirSync(folder)).toEqual(['cron.jsonl']);
  });

  test('says so where it cannot be written', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(new FileStore(join(folder, 'file')).append([begun(1)])).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
  });
});

describe('logs of runs', () => {
  test('are kept of the newest twenty', async () => {
    const store = new FileStore(folder);
    for (let run = 1; run <= 25; run += 1) await store.keepLog('shop/my backup', run, output(`run ${run}\n`));
    const kept = join(folder, 'cron/shop%2Fmy%20backup');
    expect(readdirSync(kept)).toHaveLength(20);
    expect(readFileSync(join(kept, '25.log'), 'utf8')).toBe('run 25\n');
    expect(readdirSync(kept)).not.toContain('5.log');
    expect(readdirSync(kept)).toContain('6.log');
  });

  test('give the end of what was written', async () => {
    expect(await new FileStore(folder).keepLog('shop/backup', 1, output('first\n', 'la', 'st\n'))).toBe(
      'first\nlast\n',
    );
  });

  test.each([
    ['whole where there is room', ['0123', '456789'], '0123456789'],
    [
      'without the middle where there is none',
      ['01234', '5', '6789abcd', 'ef'],
      '01234\n[stackc: 6 bytes are left out here]\nbcdef',
    ],
    [
      'without the middle of one piece',
      ['0123456789abcdef'],
      '01234\n[stackc: 6 bytes are left out here]\nbcdef',
    ],
    ['empty where nothing was written', [], ''],
  ])('are %s', async (_what, pieces, kept) => {
    const { text } = await boundedLog(output(...pieces), 10);
    expect(text.toString('utf8')).toBe(kept);
  });

  test('hold no more than they may, however much comes', async () => {
    async function* much(): AsyncGenerator<LogChunk> {
      for (let n = 0; n < 3000; n += 1) yield { stream: 'stderr', data: Buffer.alloc(1000, 'x') };
    }
    const { text, end } = await boundedLog(much());
    expect(text.length).toBeLessThan(1024 * 1024 + 100);
    expect(text.toString('utf8')).toContain(`[stackc: ${3_000_000 - 1024 * 1024} bytes are left out here]`);
    expect(end.length).toBeLessThanOrEqual(8 * 1024);
  });
});
