import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { journalLine } from '../../src/compiler/journal/lines.ts';
import { appendJournal, newestRevision } from '../../src/agent/journal.ts';

let folder = '';
const path = () => join(folder, 'journal.jsonl');
const text = () => readFileSync(path(), 'utf8');

/** The begin of an apply, and lines of about a kilobyte. */
function revision(
  number: number,
  lines: number,
  command: 'apply' | 'heal' | 'scale' = 'apply',
): readonly string[] {
  const apply = `r${number}`;
  const who = { user: 'anna', host: 'here', program: '1.2.3' };
  const begin = {
    type: 'apply',
    apply,
    revision: number,
    atMs: 0,
    command,
    of: null,
    file: null,
    git: null,
  } as const;
  const start = { type: 'start', apply, atMs: 0, nodes: ['x'.repeat(900)], back: false } as const;
  return [
    journalLine({ ...begin, ...who, operations: lines }),
    ...Array.from({ length: lines }, () => journalLine(start)),
  ];
}

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

  test('keeps the last apply, however many healings have come since', async () => {
    await appendJournal(folder, revision(1, 100));
    await appendJournal(folder, revision(2, 100));
    for (let number = 3; number < 60; number += 1) await appendJournal(folder, revision(number, 100, 'heal'));
    expect(text()).not.toContain('"apply":"r1"');
    expect(text()).toContain('"apply":"r2"');
    expect(text()).not.toContain('"apply":"r3"');
    expect(statSync(path()).size).toBeLessThan(2.2 * 1024 * 1024);
  });

  test('drops the oldest revisions when it is full, each with all of its lines', async () => {
    const lines = Array.from({ length: 30 }, (_, i) => revision(i + 1, 100)).flat();
    await appendJournal(folder, lines);
    await appendJournal(folder, ['{"apply":"r30","last":true}']);
    expect(statSync(path()).size).toBeLessThan(1100 * 1024);
    const counts = new Map<string, number>();
    for (const [, apply = ''] of text().matchAll(/"apply":"(\w+)"/g))
      counts.set(apply, (counts.get(apply) ?? 0) + 1);
    expect([...counts.keys()].at(-1)).toBe('r30');
    expect([...counts].map(([apply, own]) => `${apply} ${own}`)).toEqual(
      [...counts.keys()].map((apply) => `${apply} ${apply === 'r30' ? 102 : 101}`),
    );
    expect(counts.size).toBeGreaterThanOrEqual(9);
    expect(await newestRevision(folder)).toBe(30);
  });

  test('keeps the last five revisions, however large they are', async () => {
    await appendJournal(folder, Array.from({ length: 7 }, (_, i) => revision(i + 1, 600)).flat());
    for (let i = 0; i < 3; i += 1) await appendJournal(folder, ['{"apply":"r7"}']);
    const applies = new Set([...text().matchAll(/"apply":"(\w+)"/g)].map(([, apply]) => apply));
    expect([...applies]).toEqual(['r3', 'r4', 'r5', 'r6', 'r7']);
  });

  test('drops no apply while there are scalings to drop', async () => {
    const scalings = Array.from({ length: 30 }, (_, i) => revision(i + 2, 100, 'scale')).flat();
    await appendJournal(folder, [...revision(1, 100), ...scalings]);
    await appendJournal(folder, ['{"apply":"r31"}']);
    const applies = new Set([...text().matchAll(/"apply":"(\w+)"/g)].map(([, apply]) => apply));
    expect(applies.size).toBeLessThan(15);
    expect([...applies].at(0)).toBe('r1');
    expect([...applies].at(-1)).toBe('r31');
  });

  test('knows its newest revision, past torn and damaged lines', async () => {
    expect(await newestRevision(folder)).toBe(0);
    const [first = '', second = ''] = [revision(1, 0)[0], revision(2, 0)[0]];
    await appendJournal(folder, [first, second.replace('"revision":2', '"revision":9')]);
    appendFileSync(path(), second.slice(0, 60));
    expect(await newestRevision(folder)).toBe(1);
  });

  test('tells why it cannot be written, and goes on', async () => {
    await expect(appendJournal(join(folder, 'nowhere'), ['a'])).rejects.toThrow('ENOENT');
    await appendJournal(folder, ['b']);
    expect(text()).toBe('b\n');
  });
});
