import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readCronRecords } from '../../compiler/cron/lines.ts';
import { CRON_FILE } from '../../compiler/cron/places.ts';
import { isFields, type Fields } from '../../compiler/journal/field-kinds.ts';
import { readRecords } from '../../compiler/journal/lines.ts';
import { Counts } from '../../compiler/metrics/counts.ts';
import { DeployTally } from '../../compiler/metrics/deploy-tally.ts';
import { JobTally } from '../../compiler/metrics/job-tally.ts';
import { JOURNAL_FILE, JOURNAL_FOLDER } from '../../compiler/plan/agent-spec.ts';
import { markFrom, RecordTail } from './record-tail.ts';

/** In the folder of the journal: what has been counted, and up to where. */
const FILE = 'metrics.json';

/** Raised when something in it means another thing; one of another version is not gone on with. */
const VERSION = 1;

/**
 * What is counted of a stack, on from what its agents have counted before: room is made in the journal and in the record of jobs,
 * and a count that falls for that would look like many deploys at once.
 */
export class StackTally {
  readonly deploys: DeployTally;
  readonly jobs: JobTally;
  /** Starts of containers that had run before, by `application/container`. */
  readonly restarts: Counts;
  readonly #path: string;
  readonly #journal: RecordTail;
  readonly #cron: RecordTail;
  /** As it was written last. */
  #written = '';

  private constructor(folder: string, kept: Fields) {
    this.deploys = new DeployTally();
    this.jobs = new JobTally();
    this.restarts = new Counts();
    this.deploys.take(kept['deploys']);
    this.jobs.take(kept['jobs']);
    this.restarts.take(kept['restarts']);
    this.#path = join(folder, FILE);
    const place = (path: string) => join(folder, path.slice(JOURNAL_FOLDER.length + 1));
    this.#journal = new RecordTail(place(JOURNAL_FILE), markFrom(kept['journal']), (line) => {
      for (const record of readRecords(line)) this.deploys.add(record);
    });
    this.#cron = new RecordTail(place(CRON_FILE), markFrom(kept['cron']), (line) => {
      for (const record of readCronRecords(line)) this.jobs.add(record);
    });
  }

  /** Goes on in a folder with the journal; what was kept there and cannot be read is counted anew. */
  static async open(folder: string): Promise<StackTally> {
    return new StackTally(folder, await keptIn(join(folder, FILE)));
  }

  /** Reads what was written since the last time, and keeps what that came to. Rejects with the system's error. */
  async update(): Promise<void> {
    await this.#journal.read();
    await this.#cron.read();
    await this.#keep();
  }

  async #keep(): Promise<void> {
    const { deploys, jobs, restarts } = this;
    const marks = { journal: this.#journal.mark, cron: this.#cron.mark };
    const text = JSON.stringify({ version: VERSION, ...marks, deploys, jobs, restarts });
    if (text === this.#written) return;
    await writeFile(`${this.#path}.next`, text, { mode: 0o600 });
    await rename(`${this.#path}.next`, this.#path);
    this.#written = text;
  }
}

async function keptIn(path: string): Promise<Fields> {
  try {
    const kept: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isFields(kept) && kept['version'] === VERSION ? kept : {};
  } catch {
    return {};
  }
}
