import { cronLine, readCronRecords } from '../../../src/compiler/cron/lines.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { boundedLog } from '../../../src/runtime/cron/bounded-log.ts';
import type { CronStore } from '../../../src/runtime/cron/store.ts';

/** A record of jobs that outlives whoever writes it: its lines, as they would be on a disk, and the logs of runs. */
export class MemoryCronStore implements CronStore {
  text = '';
  /** `shop/backup 17` → what it has written. */
  readonly logs = new Map<string, string>();

  get records(): readonly CronRecord[] {
    return readCronRecords(this.text);
  }

  async read(): Promise<readonly CronRecord[]> {
    return this.records;
  }

  async append(records: readonly CronRecord[]): Promise<void> {
    this.text += records.map((record) => `${cronLine(record)}\n`).join('');
  }

  async keepLog(...[job, run, output]: Parameters<CronStore['keepLog']>): Promise<string> {
    const { text, end } = await boundedLog(output);
    this.logs.set(`${job} ${run}`, text.toString('utf8'));
    return end;
  }
}
