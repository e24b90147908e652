import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { appendJournal } from '../../src/agent/journal.ts';

let folder = '';
const path = () => join(folder, 'journal.jsonl');
const text = () => readFileSync(path(), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-journal-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the journal', () => {
  test('is made at the first write, for its owner alone, and appended to', async () => {
    await appendJournal(folder, ['one', 'two']);
    await appendJournal(folder, ['three']);
    expect(text()).toBe('one\ntwo\nthree\n');
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test('takes writes at the same time one after the other', async () => {
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
    await Promise.all(lines.map((line) => appendJournal(folder, [line])));
    expect(text()).toBe(`${lines.join('\n')}\n`);
  });

  test('lets a torn line keep to itself', async () => {
    await appendJournal(folder, ['whole']);
    appendFileSync(path(), 'tor');
    await appendJournal(folder, ['next']);
    expect(text()).toBe('whole\ntor\nnext\n');
  });

  test('keeps the newer half when it is full, from a whole line on', async () => {
    const line = 'x'.repeat(1023);
    await appendJournal(
      folder,
      Array.from({ length: 1100 }, (_, i) => `${i} ${line}`),
    );
    await appendJournal(folder, ['the last']);
    const lines = text().trimEnd().split('\n');
    expect(statSync(path()).size).toBeLessThan(600 * 1024);
    expect(lines.at(-1)).toBe('the last');
    expect(lines.at(-2)).toBe(`1099 ${line}`);
    expect(lines[0]).toMatch(/^\d+ x{1023}$/);
  });

  test('tells why it cannot be written, and goes on', async () => {
    await expect(appendJournal(join(folder, 'nowhere'), ['a'])).rejects.toThrow('ENOENT');
    await appendJournal(folder, ['b']);
    expect(text()).toBe('b\n');
  });
});
