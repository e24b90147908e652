import { open, type FileHandle } from 'node:fs/promises';

import { codeOf } from '../../agent/system-error.ts';
import { isCount, isFields } from '../../compiler/journal/field-kinds.ts';

/** How much is held in memory at once. */
const PIECE_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/** What every line ends with, as `sealLine` has written it. */
const SEAL = /,"sum":"([0-9a-f]{8})"\}$/;
const SEAL_BYTES = ',"sum":"01234567"}\n'.length;

/** Up to where a file of sealed lines has been read. */
export interface Mark {
  readonly inode: number;
  readonly offset: number;
  /** The checksum of the last line before it. */
  readonly sum: string;
  /** When that line was written, or one before it; milliseconds since the epoch. */
  readonly atMs: number;
}

/**
 * Reads what was added to a file of sealed lines since the last time. Whoever makes room in it writes a new file, which begins
 * otherwise and goes on with the lines that are kept: there it goes on behind the last line that it knows, else with what was
 * written later than that.
 */
export class RecordTail {
  readonly #path: string;
  readonly #onLine: (line: string) => void;
  #mark: Mark | null;

  constructor(path: string, mark: Mark | null, onLine: (line: string) => void) {
    this.#path = path;
    this.#mark = mark;
    this.#onLine = onLine;
  }

  get mark(): Mark | null {
    return this.#mark;
  }

  /** A file that is not there is empty; rejects with the system's error. */
  async read(): Promise<void> {
    const file = await openIfAny(this.#path);
    if (file === null) return;
    try {
      const { ino: inode, size } = await file.stat();
      const mark = this.#mark;
      if (mark !== null && mark.inode === inode && (await isWhere(file, mark, size)))
        return await this.#take(file, inode, mark.offset, -Infinity);
      const known = mark === null ? null : await findLine(file, mark.sum);
      const laterMs = mark === null || known !== null ? -Infinity : mark.atMs;
      return await this.#take(file, inode, known ?? 0, laterMs);
    } finally {
      await file.close();
    }
  }

  /** From an offset on; lines up to a time are left out, and those without one that come before any later line. */
  async #take(file: FileHandle, inode: number, from: number, laterMs: number): Promise<void> {
    let isLater = laterMs === -Infinity;
    this.#mark = { inode, offset: from, sum: this.#mark?.sum ?? '', atMs: this.#mark?.atMs ?? 0 };
    for await (const { line, end } of linesOf(file, from)) {
      const atMs = timeOf(line);
      isLater ||= atMs !== null && atMs > laterMs;
      if (isLater) this.#onLine(line);
      const sum = SEAL.exec(line)?.[1];
      this.#mark = {
        inode,
        offset: end,
        sum: sum ?? this.#mark.sum,
        atMs: Math.max(this.#mark.atMs, atMs ?? 0),
      };
    }
  }
}

/** A mark as it was kept; null for what is none. */
export function markFrom(value: unknown): Mark | null {
  if (!isFields(value)) return null;
  const { inode, offset, sum, atMs } = value;
  if (!isCount(inode) || !isCount(offset) || !isCount(atMs) || typeof sum !== 'string') return null;
  return { inode, offset, sum, atMs };
}

async function openIfAny(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Whether the line before a mark is the one that was read: a new file may have the number of one that is gone. */
async function isWhere(file: FileHandle, { offset, sum }: Mark, size: number): Promise<boolean> {
  if (offset > size) return false;
  if (offset === 0 || sum === '') return offset === 0;
  const piece = Buffer.alloc(Math.min(SEAL_BYTES, offset));
  await file.read(piece, 0, piece.length, offset - piece.length);
  return SEAL.exec(piece.toString('utf8').trimEnd())?.[1] === sum;
}

/** Where the last line with a checksum ends; null: there is none. */
async function findLine(file: FileHandle, sum: string): Promise<number | null> {
  let found: number | null = null;
  for await (const { line, end } of linesOf(file, 0)) if (SEAL.exec(line)?.[1] === sum) found = end;
  return found;
}

/** Whole lines from an offset on, and where each ends. One that is not ended yet is left for the next time. */
async function* linesOf(
  file: FileHandle,
  from: number,
): AsyncGenerator<{ readonly line: string; readonly end: number }> {
  const piece = Buffer.alloc(PIECE_BYTES);
  let rest = Buffer.alloc(0);
  let offset = from;
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length, offset + rest.length);
    if (bytesRead === 0) return;
    // A copy: the piece is used again.
    rest = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      offset += end + 1;
      yield { line: rest.toString('utf8', 0, end), end: offset };
      rest = rest.subarray(end + 1);
    }
  }
}

function timeOf(line: string): number | null {
  const atMs = Date.parse(/"at":"([^"]+)"/.exec(line)?.[1] ?? '');
  return Number.isNaN(atMs) ? null : atMs;
}
