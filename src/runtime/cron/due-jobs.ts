import { dueBetween, type Tick } from '../../compiler/cron/due.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { CronRecord } from '../../compiler/cron/record.ts';
import { canonicalJson } from '../../compiler/desired/canonical-json.ts';
import type { Ledger } from './ledger.ts';
import type { JobTemplate, Templates } from './templates.ts';

/** A run that is due. */
export interface DueRun {
  readonly template: JobTemplate;
  readonly dueMs: number;
}

/** What a look at the clock finds. */
export interface Found {
  /** Oldest first. */
  readonly due: readonly DueRun[];
  /** To be written down after what has become of those. */
  readonly missed: readonly CronRecord[];
}

/** Up to where each job's time has been dealt with, from one look at the clock to the next. */
export class DueJobs {
  readonly #ledger: Ledger;
  readonly #handled = new Map<JobKey, number>();
  #before: { readonly nowMs: number; readonly upMs: number } | null = null;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /**
   * What to write down of jobs that are new, have another schedule or are gone. A new one counts from its template's creation, or from the
   * last look, which did not find it.
   */
  changes({ byJob, unreadable }: Templates, nowMs: number): readonly CronRecord[] {
    const changes: CronRecord[] = [];
    for (const { job, spec, createdMs } of byJob.values()) {
      const state = this.#ledger.state(job);
      if (state?.scheduled && canonicalJson(state.scheduled.spec) === canonicalJson(spec)) continue;
      const known = state?.scheduled ? (this.#handled.get(job) ?? state.handledMs ?? 0) : 0;
      const atMs = Math.min(nowMs, Math.max(createdMs, known, this.#before?.nowMs ?? 0));
      this.#handled.set(job, atMs);
      changes.push({ type: 'scheduled', job, atMs, spec });
    }
    for (const { job, scheduled } of this.#ledger.states()) {
      if (scheduled === null || byJob.has(job) || unreadable.includes(job)) continue;
      this.#handled.delete(job);
      changes.push({ type: 'dropped', job, atMs: nowMs });
    }
    return changes;
  }

  /** Looks at the clock: what has become due since the last look. Jobs that are paused pass over it. */
  look({ byJob }: Templates, nowMs: number, upMs: number): Found {
    const before: Tick['before'] =
      this.#before === null ? null : { nowMs: this.#before.nowMs, elapsedMs: upMs - this.#before.upMs };
    this.#before = { nowMs, upMs };
    const due: DueRun[] = [];
    const missed: CronRecord[] = [];
    for (const template of byJob.values()) {
      const { job, spec } = template;
      const state = this.#ledger.state(job);
      if (state === undefined || state.paused !== null) {
        this.#handled.delete(job);
        continue;
      }
      const handledMs = this.#handled.get(job) ?? state.handledMs ?? nowMs;
      const found = dueBetween({ job: spec, handledMs, nowMs, before });
      this.#handled.set(job, found.handledMs);
      due.push(...found.due.map((dueMs) => ({ template, dueMs })));
      if (found.missed === null) continue;
      missed.push({ type: 'missed', job, atMs: nowMs, ...found.missed, caughtUp: spec.catchUp });
      // What is due now is run for all of them.
      if (spec.catchUp && found.due.length === 0) due.push({ template, dueMs: found.missed.lastMs });
    }
    due.sort((a, b) => a.dueMs - b.dueMs || (a.template.job < b.template.job ? -1 : 1));
    return { due, missed };
  }
}
