import type { JobKey, RunResult } from '../cron/job.ts';
import type { CronRecord } from '../cron/record.ts';
import { isFields } from '../journal/field-kinds.ts';
import { unreachable } from '../unreachable.ts';
import { Counts, Spread } from './counts.ts';

export const RUN_RESULTS = ['succeeded', 'failed', 'timed-out', 'not-started', 'lost'] as const;

/** A job should begin within a second; in seconds. */
const LATENESS_S = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** A run that goes on. */
interface UnderWay {
  readonly dueMs: number | null;
  /** Null: its container is not known to have started. */
  readonly lateMs: number | null;
}

/** The run of a job that ended last; times in milliseconds, the first since the epoch. */
export interface LastRun {
  readonly endMs: number;
  readonly tookMs: number;
  readonly result: RunResult;
  /** From when it was due to the start of its container; null: nobody waited for it by the clock, or it was never started. */
  readonly lateMs: number | null;
}

interface JobTimes {
  readonly underWay: Map<number, UnderWay>;
  last: LastRun | null;
  /** When a run ended well; null: none has. */
  succeededMs: number | null;
  /** What was skipped last: a record tells of all in a row, and those before it may be gone. */
  row: { readonly firstMs: number; readonly count: number } | null;
}

/** What the record of a stack's jobs comes to, line by line: in the order in which they were written, each once. */
export class JobTally {
  /** By job and result. */
  readonly runs = new Counts();
  /** By job: not run since another run lasted. */
  readonly skipped = new Counts();
  /** By job: not run since nobody was there. */
  readonly missed = new Counts();
  /** Of all jobs, in seconds. */
  readonly lateness = new Spread(LATENESS_S);
  readonly #jobs = new Map<JobKey, JobTimes>();

  last(job: JobKey): LastRun | null {
    return this.#jobs.get(job)?.last ?? null;
  }

  succeededMs(job: JobKey): number | null {
    return this.#jobs.get(job)?.succeededMs ?? null;
  }

  add(record: CronRecord): void {
    const { job } = record;
    switch (record.type) {
      case 'begun':
        // By hand it is known by when it was asked for.
        this.#of(job).underWay.set(record.run, {
          dueMs: record.by === null ? record.dueMs : null,
          lateMs: null,
        });
        break;
      case 'started':
        this.#started(job, record.run, record.atMs);
        break;
      case 'ended':
        this.#ended(record);
        break;
      case 'skipped':
        this.#skipped(record);
        break;
      case 'missed':
        this.missed.add([job], record.count);
        break;
      case 'dropped':
        this.#jobs.delete(job);
        break;
      case 'scheduled':
      case 'queued':
      case 'paused':
      case 'resumed':
        break;
      default:
        unreachable(record);
    }
  }

  #of(job: JobKey): JobTimes {
    const known = this.#jobs.get(job);
    if (known !== undefined) return known;
    const fresh: JobTimes = { underWay: new Map(), last: null, succeededMs: null, row: null };
    this.#jobs.set(job, fresh);
    return fresh;
  }

  #started(job: JobKey, run: number, atMs: number): void {
    const { underWay } = this.#of(job);
    const begun = underWay.get(run);
    if (begun === undefined || begun.dueMs === null || begun.lateMs !== null) return;
    const lateMs = Math.max(0, atMs - begun.dueMs);
    underWay.set(run, { ...begun, lateMs });
    this.lateness.add(lateMs / 1000);
  }

  #skipped({ job, firstMs, count }: Extract<CronRecord, { type: 'skipped' }>): void {
    const times = this.#of(job);
    const known = times.row?.firstMs === firstMs ? times.row.count : 0;
    this.skipped.add([job], Math.max(0, count - known));
    times.row = { firstMs, count };
  }

  #ended({ job, run, result, atMs, tookMs }: Extract<CronRecord, { type: 'ended' }>): void {
    const times = this.#of(job);
    const lateMs = times.underWay.get(run)?.lateMs ?? null;
    times.underWay.delete(run);
    this.runs.add([job, result]);
    times.last = { endMs: atMs, tookMs, result, lateMs };
    if (result === 'succeeded') times.succeededMs = atMs;
  }

  toJSON(): object {
    const { runs, skipped, missed, lateness } = this;
    const jobs = [...this.#jobs].map(([job, times]) => [job, { ...times, underWay: [...times.underWay] }]);
    return { runs, skipped, missed, lateness, jobs: Object.fromEntries(jobs) };
  }

  /** Goes on with what {@link toJSON} gave: the same version has written it. */
  take(value: unknown): void {
    if (!isFields(value)) return;
    this.runs.take(value['runs']);
    this.skipped.take(value['skipped']);
    this.missed.take(value['missed']);
    this.lateness.take(value['lateness']);
    const jobs = isFields(value['jobs']) ? value['jobs'] : {};
    for (const [job, times] of Object.entries(jobs)) {
      if (!isFields(times) || !Array.isArray(times['underWay'])) continue;
      const { succeededMs } = times;
      this.#jobs.set(job, {
        underWay: new Map(times['underWay']),
        last: lastIn(times['last']),
        succeededMs: typeof succeededMs === 'number' ? succeededMs : null,
        row: rowIn(times['row']),
      });
    }
  }
}

function lastIn(value: unknown): LastRun | null {
  if (!isFields(value)) return null;
  const { endMs, tookMs, result, lateMs } = value;
  const known = RUN_RESULTS.find((one) => one === result);
  if (known === undefined) return null;
  const late = typeof lateMs === 'number' ? lateMs : null;
  return { endMs: Number(endMs), tookMs: Number(tookMs), result: known, lateMs: late };
}

function rowIn(value: unknown): JobTimes['row'] {
  if (!isFields(value)) return null;
  return { firstMs: Number(value['firstMs']), count: Number(value['count']) };
}
