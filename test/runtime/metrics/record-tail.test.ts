import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { sealLine } from '../../../src/compiler/journal/sealed-line.ts';
import { markFrom, RecordTail, type Mark } from '../../../src/runtime/metrics/record-tail.ts';

let folder: string;
let path: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tail-'));
  path = join(folder, 'records');
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const sealed = (name: string, second: number | null = null) =>
  `${sealLine({ name, ...(second === null ? {} : { at: new Date(second * 1000).toISOString() }) })}\n`;
const tail = (mark: Mark | null = null) =>
  new RecordTail(path, mark, (line) => lines.push(/"name":"(\w+)"/.exec(line)?.[1] ?? line));
/** What is read now. */
async function read(one: RecordTail): Promise<string> {
  lines = [];
  await one.read();
  return lines.join(' ');
}

test('reads what is added, each line once, and nothing where there is no file', async () => {
  const one = tail();
  expect(await read(one)).toBe('');
  writeFileSync(path, sealed('a') + sealed('b'));
  expect(await read(one)).toBe('a b');
  expect(await read(one)).toBe('');
  appendFileSync(path, sealed('c'));
  expect(await read(one)).toBe('c');
});

test('a line that is not ended yet is read once it is', async () => {
  const one = tail();
  const torn = sealed('b');
  writeFileSync(path, sealed('a') + torn.slice(0, 9));
  expect(await read(one)).toBe('a');
  appendFileSync(path, torn.slice(9));
  expect(await read(one)).toBe('b');
});

test('lines that are longer than what is read at once are whole', async () => {
  const one = tail();
  const long = 'x'.repeat(200_000);
  writeFileSync(path, sealed(long) + sealed('b'));
  expect(await read(one)).toBe(`${long} b`);
});

test('goes on where another one has ended, by its mark alone', async () => {
  writeFileSync(path, sealed('a') + sealed('b'));
  const one = tail();
  await one.read();
  appendFileSync(path, sealed('c'));
  const mark = markFrom(JSON.parse(JSON.stringify(one.mark)));
  expect(await read(tail(mark))).toBe('c');
  expect(markFrom({ inode: 1 })).toBe(null);
});

/** As those do that make room. */
function rewrite(text: string): void {
  writeFileSync(`${path}.next`, text);
  renameSync(`${path}.next`, path);
}

test('in a new file it goes on behind the last line that it knows', async () => {
  const one = tail();
  writeFileSync(path, sealed('a', 1) + sealed('b', 2) + sealed('c', 3));
  await one.read();
  rewrite(sealed('c', 3) + sealed('d', 2) + sealed('e', 4));
  expect(await read(one)).toBe('d e');
  rewrite(sealed('e', 4) + sealed('f', 5));
  expect(await read(one)).toBe('f');
});

test('where that line is gone, with what was written later', async () => {
  const one = tail();
  writeFileSync(path, sealed('a', 1) + sealed('b', 2) + sealed('c', 3));
  await one.read();
  rewrite(sealed('a', 1) + sealed('plan') + sealed('d', 4) + sealed('plan') + sealed('e', 5));
  expect(await read(one)).toBe('d plan e');
});

test('a file that became shorter, or is another one by the same number, is read anew', async () => {
  const one = tail();
  writeFileSync(path, sealed('a', 1) + sealed('b', 2));
  await one.read();
  writeFileSync(path, sealed('x', 3));
  expect(await read(one)).toBe('x');
  // The same bytes long, and another content.
  writeFileSync(path, sealed('y', 4) + sealed('z', 5));
  expect(await read(one)).toBe('y z');
});
