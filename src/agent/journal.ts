import { open, readFile, rename, stat } from 'node:fs/promises';

import { readRecords } from '../compiler/journal/lines.ts';
import { codeOf } from './system-error.ts';
import { syncDirectory } from './published-link.ts';

/** Above it, the oldest revisions go, until half of it is left. */
const MOST_BYTES = 2 * 1024 * 1024;

/** These stay, however large they are. */
const KEPT_REVISIONS = 5;

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

/** Of journals that cannot become small: not looked at again below that. */
const roomUpTo = new Map<string, number>();

/** Drops the oldest revisions of a journal that is full, each with all of its lines. */
async function makeRoom(directory: string, path: string): Promise<void> {
  if ((await sizeOf(path)) < (roomUpTo.get(path) ?? MOST_BYTES)) return;
  const kept = newerRevisions((await readFile(path, 'utf8')).split('\n'));
  const next = await open(`${path}.next`, 'w', 0o600);
  try {
    await next.writeFile(kept);
    await next.sync();
    roomUpTo.set(path, Math.max(MOST_BYTES, (await next.stat()).size + MOST_BYTES / 2));
  } finally {
    await next.close();
  }
  await rename(`${path}.next`, path);
  await syncDirectory(directory);
}

/** Lines that belong to no apply go with the first. */
function newerRevisions(lines: readonly string[]): string {
  const sizes = new Map<string, number>();
  const applyOf = (line: string): string => /"apply":"([^"]*)"/.exec(line)?.[1] ?? '';
  for (const line of lines) {
    const apply = applyOf(line);
    if (apply !== '') sizes.set(apply, (sizes.get(apply) ?? 0) + Buffer.byteLength(line) + 1);
  }
  let left = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const gone = new Set(['']);
  // However many healings and scalings have come since: it says whether what was to run came to its end.
  const newest = lines.findLast(
    (line) => line.includes('"type":"apply"') && !/"command":"(?:heal|scale)"/.test(line),
  );
  const said = newest === undefined ? '' : applyOf(newest);
  for (const [apply, size] of sizes) {
    if (left <= MOST_BYTES / 2 || sizes.size - gone.size + 1 <= KEPT_REVISIONS) break;
    if (apply === said) continue;
    gone.add(apply);
    left -= size;
  }
  return lines.map((line) => (gone.has(applyOf(line)) ? '' : `${line}\n`)).join('');
}

/** The number of the newest revision in the journal in a directory; 0 where there is none. */
export async function newestRevision(directory: string): Promise<number> {
  const path = `${directory}/${FILE}`;
  if ((await sizeOf(path)) === 0) return 0;
  const begins = (await readFile(path, 'utf8')).split('\n').filter((line) => line.includes('"type":"apply"'));
  const numbers = readRecords(begins.join('\n')).map((record) =>
    record.type === 'apply' ? record.revision : 0,
  );
  return Math.max(0, ...numbers);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
