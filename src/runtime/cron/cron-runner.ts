import { setMaxListeners } from 'node:events';

import PQueue from 'p-queue';

import type { EndedRun } from '../../compiler/cron/fold.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { AskedBy, CronRecord } from '../../compiler/cron/record.ts';
import { labels } from '../../compiler/labels.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { Refusal } from '../../agent/refusal.ts';
import type { AskedRun } from '../agent/agent-session.ts';
import type { ContainerSummary } from '../engine.ts';
import { admit, admitByHand, skippedRecord } from './admit.ts';
import { DueJobs } from './due-jobs.ts';
import type { JobClock } from './job-clock.ts';
import { lineOf } from './job-lines.ts';
import { jobsNow, type JobNow } from './job-now.ts';
import { Ledger } from './ledger.ts';
import { Outage } from './outage.ts';
import { Runs } from './runs.ts';
import type { CronStore } from './store.ts';
import { jobOf, templatesAmong, type JobTemplate, type Templates } from './templates.ts';
import type { JobEngine, RunWorld } from './world.ts';

/** Containers that are created and started at the same time: an engine does little more on more. */
const STARTS_AT_ONCE = 6;
/** Runs whose end is dealt with at the same time; each may hold 1 MiB of its log. */
const ENDS_AT_ONCE = 4;

/** How long those are waited for that ended while no agent was there, before the first look at the clock. */
const ENDING_MS = 10_000;

/** What a {@link CronRunner} works with. */
export interface CronParts {
  readonly stack: string;
  readonly engine: JobEngine;
  readonly store: CronStore;
  readonly clock: JobClock;
  /** Aborted: nothing is begun any more, and what runs is left running. */
  readonly stop: AbortSignal;
  /** A line for people; never a secret. */
  readonly note: (line: string) => void;
  /** The engine has not answered for a minute. */
  readonly onLost?: () => void;
}

/**
 * Runs a stack's jobs: one in the whole world for each stack. Whatever it does is written down ahead, so that another one goes on
 * where this one was killed:
 *
 *     begun ─ create ─ start ─ … ─ log kept ─ ended ─ told ─ removed
 */
export class CronRunner {
  readonly #world: RunWorld;
  readonly #ledger: Ledger;
  readonly #due: DueJobs;
  readonly #runs: Runs;
  #templates: Templates = { byJob: new Map(), unreadable: [] };
  /** Looks at the clock come one after the other; one that waits stands for all. */
  #looking: Promise<void> = Promise.resolve();
  #isWaiting = false;

  constructor(parts: CronParts) {
    const { note, clock, store, stop } = parts;
    // Each run waits for it.
    setMaxListeners(0, stop);
    this.#ledger = new Ledger(store, clock, note);
    this.#due = new DueJobs(this.#ledger);
    this.#world = {
      ...parts,
      outage: new Outage(clock, note, parts.onLost),
      starts: new PQueue({ concurrency: STARTS_AT_ONCE }),
      ends: new PQueue({ concurrency: ENDS_AT_ONCE }),
      templateOf: (job) => this.#templates.byJob.get(job),
      look: () => this.#list(),
    };
    this.#runs = new Runs(this.#world, this.#ledger, (job) => this.#beginQueued(job));
  }

  /** Takes up what was left by whoever was here before; resolves when all of that is followed. Rejects when the record cannot be read. */
  async begin(): Promise<void> {
    const { outage, stop, engine, stack, clock } = this.#world;
    await this.#ledger.read();
    const rows = await outage.outlast(stop, async () => {
      await this.#list();
      return engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=job`]);
    });
    const ending: Promise<void>[] = [];
    for (const { job, underWay } of this.#ledger.states()) {
      for (const run of underWay) {
        const row = rows.find(
          (each) => jobOf(each) === job && each.labels[labels.jobRun] === String(run.run),
        );
        const ended = this.#runs.carryOut(job, run, false);
        if (row?.state === 'exited' || row?.state === 'dead') ending.push(ended);
      }
    }
    for (const row of rows) this.#takeUp(row);
    for (const { job } of this.#ledger.states()) this.#beginQueued(job);
    // What is over keeps nothing that is due from running.
    await Promise.race([Promise.all(ending), clock.sleep(ENDING_MS, stop).catch(() => undefined)]);
  }

  /** Looks at the clock, and begins what is due. Rejects when the agent ends. */
  tick(): Promise<void> {
    if (this.#isWaiting) return this.#looking;
    this.#isWaiting = true;
    this.#looking = this.#looking
      .catch(() => undefined)
      .then(() => {
        this.#isWaiting = false;
        return this.#look();
      });
    return this.#looking;
  }

  /** What goes on of all jobs, as far as the last look at the clock has found them. */
  now(): readonly JobNow[] {
    return jobsNow(this.#templates, this.#ledger, this.#nowMs());
  }

  /**
   * Runs a job now, paused or not, or once those before it are over where it may only wait. Rejects with {@link Refusal} where there
   * is no such job, or it may not even wait.
   */
  async run(job: JobKey, by: AskedBy): Promise<AskedRun> {
    const template = await this.#needed(job);
    const state = this.#ledger.state(job);
    const admission = admitByHand(state, template);
    switch (admission.kind) {
      case 'begin': {
        const begun = this.#begunRecord(template, null, by);
        await this.#ledger.write([begun]);
        this.#launch(begun);
        return { kind: 'begun', run: begun.run };
      }
      case 'queue': {
        const { underWay, queue } = state ?? { underWay: [], queue: [] };
        const nowMs = this.#nowMs();
        // It is known by its time.
        const dueMs = Math.max(nowMs, ...queue.map((each) => (each.by === null ? 0 : each.dueMs + 1)));
        await this.#ledger.write([{ type: 'queued', job, atMs: nowMs, dueMs, by }]);
        this.#world.note(`${job} waits for the one before it: somebody asks for it`);
        return { kind: 'queued', askedMs: dueMs, before: underWay.length + queue.length };
      }
      case 'skip':
        throw new Refusal(admission.why);
      default:
        return unreachable(admission);
    }
  }

  /** From now on it runs only by hand. */
  async pause(job: JobKey, by: AskedBy): Promise<void> {
    await this.#needed(job);
    if (this.#ledger.state(job)?.paused) return;
    await this.#ledger.write([{ type: 'paused', job, atMs: this.#nowMs(), by }]);
    this.#world.note(`${job} is paused`);
  }

  /** What was due meanwhile is passed over. */
  async resume(job: JobKey, by: AskedBy): Promise<void> {
    await this.#needed(job);
    if (!this.#ledger.state(job)?.paused) return;
    await this.#ledger.write([{ type: 'resumed', job, atMs: this.#nowMs(), by }]);
    this.#world.note(`${job} is resumed`);
    this.#beginQueued(job);
  }

  /** Resolves when all that was written down is on the disk. */
  settled(): Promise<void> {
    return this.#ledger.settled();
  }

  #nowMs(): number {
    return Math.floor(this.#world.clock.wallMs());
  }

  async #list(): Promise<void> {
    const { engine, stack, note } = this.#world;
    const rows = await engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=template`]);
    const before = this.#templates.unreadable;
    this.#templates = templatesAmong(rows, (job) => (this.#ledger.state(job)?.scheduled ?? null) !== null);
    for (const job of this.#templates.unreadable) {
      if (!before.includes(job)) note(`${job} does not run: another version of stackc has made its template`);
    }
  }

  async #look(): Promise<void> {
    const { outage, stop, clock, note } = this.#world;
    await outage.outlast(stop, () => this.#list());
    const nowMs = this.#nowMs();
    const changes = this.#due.changes(this.#templates, nowMs);
    const written: CronRecord[] = [...changes];
    // Known before it is asked what is due; on the disk with that.
    const first = this.#ledger.write(changes);
    const { due, missed } = this.#due.look(this.#templates, nowMs, clock.upMs());
    const begun: BegunRecord[] = [];
    const writes = [first];
    for (const { template, dueMs } of due) {
      const record = this.#admitted(template, dueMs);
      if (record.type === 'begun') begun.push(record);
      written.push(record);
      writes.push(this.#ledger.write([record]));
    }
    writes.push(this.#ledger.write(missed));
    await Promise.all(writes);
    for (const record of [...written, ...missed]) {
      const line = lineOf(record);
      if (line !== null) note(line);
    }
    for (const record of begun) this.#launch(record);
    // A template that was not there when the run before it ended may be back.
    for (const { job } of this.#ledger.states()) this.#beginQueued(job);
  }

  #admitted(template: JobTemplate, dueMs: number): CronRecord {
    const { job, spec } = template;
    const admission = admit(this.#ledger.state(job), spec);
    const atMs = this.#nowMs();
    switch (admission.kind) {
      case 'begin':
        return this.#begunRecord(template, dueMs, null);
      case 'queue':
        return { type: 'queued', job, atMs, dueMs, by: null };
      case 'skip':
        return skippedRecord(this.#ledger.state(job), { job, atMs, dueMs, why: admission.why });
      default:
        return unreachable(admission);
    }
  }

  #begunRecord({ job, imageId }: JobTemplate, dueMs: number | null, by: AskedBy | null): BegunRecord {
    const run = (this.#ledger.state(job)?.newestRun ?? 0) + 1;
    return { type: 'begun', job, atMs: this.#nowMs(), run, dueMs, by, image: imageId };
  }

  #launch({ job, run, dueMs, by, image, atMs }: BegunRecord): void {
    this.#world.note(`${job} ${run} began`);
    void this.#runs.carryOut(
      job,
      { run, dueMs, by, image, beganMs: atMs, isStarted: false, end: null },
      true,
    );
  }

  /** What waits, once nothing is under way; of a job that is paused, what somebody has asked for. */
  #beginQueued(job: JobKey): void {
    const state = this.#ledger.state(job);
    const template = this.#templates.byJob.get(job);
    const next = state?.queue.find(({ by }) => state.paused === null || by !== null);
    if (state === undefined || template === undefined || next === undefined) return;
    if (state.underWay.length > 0) return;
    const begun = this.#begunRecord(template, next.dueMs, next.by);
    void this.#ledger.write([begun]).then(() => this.#launch(begun));
  }

  /** A container that a run has left, or that is there without any record of it. */
  #takeUp(row: ContainerSummary): void {
    const job = jobOf(row);
    const run = Number(row.labels[labels.jobRun]);
    const state = this.#ledger.state(job);
    if (state?.underWay.some((each) => each.run === run)) return;
    const ended = state?.runs.find((each): each is EndedRun => each.run === run && each.end !== null);
    if (ended !== undefined) {
      this.#runs.finish(job, ended, row.id);
    } else if (run > (state?.newestRun ?? 0)) {
      const atMs = this.#nowMs();
      const begun: BegunRecord = { type: 'begun', job, atMs, run, dueMs: null, by: null, image: row.imageId };
      void this.#ledger
        .write([begun])
        .then(() =>
          this.#runs.carryOut(job, { ...begun, beganMs: atMs, isStarted: false, end: null }, false),
        );
    } else if (row.state !== 'running') {
      this.#runs.remove(row.id);
    }
  }

  async #needed(job: JobKey): Promise<JobTemplate> {
    const { outage, stop } = this.#world;
    await outage.outlast(stop, () => this.#list());
    const template = this.#templates.byJob.get(job);
    if (template !== undefined) return template;
    const known = [...this.#templates.byJob.keys()].sort();
    throw new Refusal(
      `\`${job}\` is no job of this stack${known.length === 0 ? '' : `: it has ${known.join(', ')}`}`,
    );
  }
}

type BegunRecord = Extract<CronRecord, { readonly type: 'begun' }>;
