import { open, readFile, rename, stat } from 'node:fs/promises';

import { codeOf } from './system-error.ts';
import { syncDirectory } from './published-link.ts';

/** Twice the size that is kept: above it, the older half goes. */
const MOST_BYTES = 1024 * 1024;

const FILE = 'journal.jsonl';
const NEWLINE = 0x0a;

/** The last write to each journal: they come one after the other. */
const writing = new Map<string, Promise<void>>();

/**
 * Appends lines to the journal in a directory, and waits until they are on the disk. A torn last line, of a write that was
 * cut off, keeps to itself. Rejects with the system's error.
 */
export function appendJournal(directory: string, lines: readonly string[]): Promise<void> {
  const before = writing.get(directory) ?? Promise.resolve();
  const write = before.then(() => append(directory, lines));
  writing.set(
    directory,
    write.catch(() => undefined),
  );
  return write;
}

async function append(directory: string, lines: readonly string[]): Promise<void> {
  const path = `${directory}/${FILE}`;
  await makeRoom(directory, path);
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    const isTorn = size > 0 && last[0] !== NEWLINE;
    await file.appendFile(`${isTorn ? '\n' : ''}${lines.map((line) => `${line}\n`).join('')}`);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Keeps the newer half of a journal that is full, from a whole line on. */
async function makeRoom(directory: string, path: string): Promise<void> {
  if ((await sizeOf(path)) < MOST_BYTES) return;
  const content = await readFile(path);
  const from = content.indexOf(NEWLINE, content.length - MOST_BYTES / 2) + 1;
  const next = await open(`${path}.next`, 'w', 0o600);
  try {
    await next.writeFile(content.subarray(from));
    await next.sync();
  } finally {
    await next.close();
  }
  await rename(`${path}.next`, path);
  await syncDirectory(directory);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
