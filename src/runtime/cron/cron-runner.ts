import { setMaxListeners } from 'node:events';

import PQueue from 'p-queue';

import { nextOccurrence } from '../../compiler/cron/calendar.ts';
import type { EndedRun, Run } from '../../compiler/cron/fold.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { AskedBy, CronRecord } from '../../compiler/cron/record.ts';
import { checksum } from '../../compiler/journal/checksum.ts';
import { labels } from '../../compiler/labels.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { Refusal } from '../../agent/refusal.ts';
import type { CronStatus } from '../agent/agent-session.ts';
import type { ContainerSummary } from '../engine.ts';
import { admit } from './admit.ts';
import { beginRun, type JobRun } from './begin-run.ts';
import { DueJobs } from './due-jobs.ts';
import { followRun, REMOVED, type Followed } from './follow-run.ts';
import type { JobClock } from './job-clock.ts';
import { endWords, lineOf } from './job-lines.ts';
import { Ledger } from './ledger.ts';
import { Outage, wordsOf } from './outage.ts';
import type { CronStore } from './store.ts';
import { tellEnd } from './tell-end.ts';
import { jobOf, templatesAmong, type JobTemplate, type Templates } from './templates.ts';
import type { JobEngine, RunWorld } from './world.ts';

/** Containers that are created and started at the same time: an engine does little more on more. */
const STARTS_AT_ONCE = 6;
/** Runs whose end is dealt with at the same time; each may hold 1 MiB of its log. */
const ENDS_AT_ONCE = 4;

/** From a call that the engine failed to the next try at that run. */
const AGAIN_MS = 30_000;

/** How long those are waited for that ended while no agent was there, before the first look at the clock. */
const ENDING_MS = 10_000;

/** The longest that the rest of a run waits for those that are to be started. */
const QUIET_MS = 300_000;

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
  readonly #removals: PQueue;
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
    this.#removals = new PQueue({ concurrency: 2 });
    this.#world = {
      ...parts,
      outage: new Outage(clock, note, parts.onLost),
      starts: new PQueue({ concurrency: STARTS_AT_ONCE }),
      ends: new PQueue({ concurrency: ENDS_AT_ONCE }),
      templateOf: (job) => this.#templates.byJob.get(job),
      look: () => this.#list(),
    };
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
        const ended = this.#carryOut(job, run, false);
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

  /** What is under way, waits and comes next, of all jobs in the order of their names. */
  status(): CronStatus {
    const nowMs = this.#world.clock.wallMs();
    const jobs = [...this.#templates.byJob.values()].map(({ job, spec }) => {
      const state = this.#ledger.state(job);
      const paused = (state?.paused ?? null) !== null;
      return {
        job,
        running: (state?.underWay ?? []).map(({ run, beganMs }) => ({ run, sinceMs: beganMs })),
        queued: state?.queue.length ?? 0,
        paused,
        nextMs: paused ? null : nextOccurrence(spec, nowMs),
      };
    });
    return { jobs: jobs.sort((a, b) => (a.job < b.job ? -1 : 1)) };
  }

  /** Runs a job now, paused or not; its number. Rejects with {@link Refusal} where there is no such job, or it may not run beside itself. */
  async run(job: JobKey, by: AskedBy): Promise<number> {
    const template = await this.#needed(job);
    const state = this.#ledger.state(job);
    const under = state?.underWay.at(-1);
    if (under !== undefined && template.spec.overlap !== 'allow')
      throw new Refusal(
        `run ${under.run} of \`${job}\` is not over, and \`overlap: ${template.spec.overlap}\` lets no other begin beside it`,
      );
    const begun = this.#begunRecord(template, null, by);
    await this.#ledger.write([begun]);
    this.#launch(begun);
    return begun.run;
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
        return { type: 'queued', job, atMs, dueMs };
      case 'skip':
        return { type: 'skipped', job, atMs, dueMs, why: admission.why };
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
    void this.#carryOut(job, { run, dueMs, by, image, beganMs: atMs, isStarted: false, end: null }, true);
  }

  /** What waits, once nothing is under way. */
  #beginQueued(job: JobKey): void {
    const state = this.#ledger.state(job);
    const template = this.#templates.byJob.get(job);
    const [dueMs] = state?.queue ?? [];
    if (state === undefined || template === undefined || dueMs === undefined) return;
    if (state.underWay.length > 0 || state.paused !== null) return;
    const begun = this.#begunRecord(template, dueMs, null);
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
      // Whoever was killed may not have told anybody yet.
      this.#background(() => this.#finish(job, ended, '', row.id));
    } else if (run > (state?.newestRun ?? 0)) {
      const atMs = this.#nowMs();
      const begun: BegunRecord = { type: 'begun', job, atMs, run, dueMs: null, by: null, image: row.imageId };
      void this.#ledger
        .write([begun])
        .then(() => this.#carryOut(job, { ...begun, beganMs: atMs, isStarted: false, end: null }, false));
    } else if (row.state !== 'running') {
      this.#background(() => this.#remove(row.id));
    }
  }

  /** Resolves when the run's end is written down. */
  #carryOut(job: JobKey, run: Run, isFresh: boolean): Promise<void> {
    return new Promise((settle) => {
      this.#background(() => this.#carriedOut(job, run, isFresh, settle));
    });
  }

  async #carriedOut(job: JobKey, run: Run, isFresh: boolean, settle: () => void): Promise<void> {
    const { run: number, dueMs, beganMs, isStarted } = run;
    const own: JobRun = { job, run: number, dueMs, beganMs, isStarted };
    const { followed, id } = await this.#follow(own, isFresh);
    const { end, log } = followed;
    await this.#ledger.write([{ type: 'ended', job, run: run.run, ...end }]);
    this.#world.note(`${job} ${run.run} ${endWords(followed)}`);
    settle();
    this.#beginQueued(job);
    await this.#finish(job, { ...run, end }, log, id);
  }

  /** A run that nobody follows would hold up its job for ever: what the engine cannot do now is tried again. */
  async #untilDone<T>({ job, run }: JobRun, work: (isFirst: boolean) => Promise<T>): Promise<T> {
    const { stop, note, clock } = this.#world;
    for (let isFirst = true; ; isFirst = false) {
      try {
        return await work(isFirst);
      } catch (error) {
        stop.throwIfAborted();
        note(`${job} ${run} cannot be followed, and is looked for again: ${wordsOf(error)}`);
        await clock.sleep(AGAIN_MS, stop);
      }
    }
  }

  async #follow(run: JobRun, isFresh: boolean): Promise<OverRun> {
    const { clock, starts, stop } = this.#world;
    await clock.sleep(this.#delayMs(run), stop);
    const priority = -(run.dueMs ?? run.beganMs);
    const begun = await this.#untilDone(run, (isFirst) =>
      starts.add(() => beginRun(this.#world, run, isFresh && isFirst), { priority }),
    );
    stop.throwIfAborted();
    if (begun === undefined) throw new Error('a queue gave nothing back');
    if (begun.kind === 'started') {
      if (!run.isStarted) {
        const { job, run: number } = run;
        void this.#ledger.write([{ type: 'started', job, run: number, atMs: this.#nowMs() }]);
      }
      // Whoever removes its container meanwhile does not make it run again.
      const followed = await this.#untilDone(run, () => followRun(this.#world, run, begun));
      return { followed, id: begun.id };
    }
    const end = {
      atMs: this.#nowMs(),
      result: begun.kind === 'gone' ? 'lost' : 'not-started',
      exitCode: null,
      tookMs: 0,
      why: begun.kind === 'gone' ? REMOVED : begun.why,
    } as const;
    return { followed: { end, log: '' }, id: null };
  }

  /** Of a job with a jitter, from when it is due; the same for the same run, whoever asks. */
  #delayMs({ job, dueMs }: JobRun): number {
    const jitterMs = this.#templates.byJob.get(job)?.spec.jitterMs ?? 0;
    if (dueMs === null || jitterMs === 0) return 0;
    const delayMs = Number.parseInt(checksum(`${job} ${dueMs}`), 16) % (jitterMs + 1);
    return Math.min(delayMs, Math.max(0, dueMs + delayMs - this.#world.clock.wallMs()));
  }

  async #finish(job: JobKey, run: EndedRun, log: string, id: string | null): Promise<void> {
    await this.#quiet();
    await tellEnd(this.#world, { ...run, job, log });
    if (id !== null) await this.#remove(id);
  }

  /** What waits to be started comes first, but not for ever: files out of a container and its removal are the engine's dearest calls. */
  async #quiet(): Promise<void> {
    const { starts, clock, stop } = this.#world;
    if (starts.size === 0) return;
    const given = new AbortController();
    const late = clock.sleep(QUIET_MS, AbortSignal.any([given.signal, stop]));
    await Promise.race([starts.onSizeLessThan(1), late]).finally(() => given.abort());
    late.catch(() => undefined);
  }

  async #remove(id: string): Promise<void> {
    const { outage, stop, engine } = this.#world;
    await this.#removals.add(async () => {
      await this.#quiet();
      await outage.outlast(stop, () => engine.removeContainer(id, { volumes: true }));
    });
  }

  #background(work: () => Promise<void>): void {
    const { stop, note } = this.#world;
    work().catch((error: unknown) => {
      if (!stop.aborted) note(`a run is lost sight of until the agent starts again: ${wordsOf(error)}`);
    });
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

/** How a run ended, and its container; null: none was started. */
interface OverRun {
  readonly followed: Followed;
  readonly id: string | null;
}

type BegunRecord = Extract<CronRecord, { readonly type: 'begun' }>;
