import {
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncDirectory } from '../../agent/published-link.ts';
import { codeOf } from '../../agent/system-error.ts';
import { compactedCron } from '../../compiler/cron/compact.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import { CRON_FILE, runLogFile } from '../../compiler/cron/places.ts';
import { JOURNAL_FOLDER } from '../../compiler/plan/agent-spec.ts';
import { cronLine, readCronRecords } from '../../compiler/cron/lines.ts';
import type { CronRecord } from '../../compiler/cron/record.ts';
import type { LogChunk } from '../engine.ts';
import { boundedLog } from './bounded-log.ts';
import type { CronStore } from './store.ts';

/** Above it, what the record's sum no longer needs goes. */
const MOST_BYTES = 1024 * 1024;

/** Logs of so many runs of a job are kept. */
const KEPT_LOGS = 20;

const NEWLINE = 0x0a;

/** The record of jobs and the logs of their runs in the folder of a stack's journal. One process writes. */
export class FileStore implements CronStore {
  readonly #folder: string;
  readonly #path: string;
  readonly #mostBytes: number;
  /** Not looked at again below that: it cannot become small. */
  #roomUpTo: number;

  constructor(folder: string, mostBytes = MOST_BYTES) {
    this.#folder = folder;
    this.#path = join(folder, below(CRON_FILE));
    this.#mostBytes = mostBytes;
    this.#roomUpTo = mostBytes;
  }

  async read(): Promise<readonly CronRecord[]> {
    try {
      return readCronRecords(await readFile(this.#path, 'utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async append(records: readonly CronRecord[]): Promise<void> {
    if ((await sizeOf(this.#path)) > this.#roomUpTo) await this.#compact();
    const text = records.map((record) => `${cronLine(record)}\n`).join('');
    const file = await open(this.#path, 'a+', 0o600);
    try {
      const { size } = await file.stat();
      try {
        // A torn last line, of a write that was cut off, keeps to itself.
        await file.appendFile(`${(await isTorn(file, size)) ? '\n' : ''}${text}`);
        await file.datasync();
      } catch (error) {
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
      if (size === 0) await syncDirectory(this.#folder);
    } finally {
      await file.close();
    }
  }

  async keepLog(job: JobKey, run: number, output: AsyncIterable<LogChunk>): Promise<string> {
    const { text, end } = await boundedLog(output);
    const path = join(this.#folder, below(runLogFile(job, run)));
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(path, text, { mode: 0o600 });
    for (const name of await readdir(folder)) {
      if (Number.parseInt(name, 10) <= run - KEPT_LOGS) await rm(join(folder, name), { force: true });
    }
    return end;
  }

  async #compact(): Promise<void> {
    const text = compactedCron(await this.read())
      .map((record) => `${cronLine(record)}\n`)
      .join('');
    const next = await open(`${this.#path}.next`, 'w', 0o600);
    try {
      await next.writeFile(text);
      await next.sync();
      this.#roomUpTo = Math.max(this.#mostBytes, 2 * Buffer.byteLength(text));
    } finally {
      await next.close();
    }
    await rename(`${this.#path}.next`, this.#path);
    await syncDirectory(this.#folder);
  }
}

/** A path as agents see it, from the journal's folder on. */
function below(path: string): string {
  return path.slice(JOURNAL_FOLDER.length + 1);
}

async function isTorn(file: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}
