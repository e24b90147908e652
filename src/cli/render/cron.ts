import { nextOccurrence } from '../../compiler/cron/calendar.ts';
import type { EndedRun, JobState, Run } from '../../compiler/cron/fold.ts';
import type { RunResult } from '../../compiler/cron/job.ts';
import type { Job } from '../cron/jobs.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import type { Style } from './paint.ts';
import { renderTable, type Cell } from './table.ts';
import { duration, minute, plural, printable } from './text.ts';

const HEADINGS = ['JOB', 'SCHEDULE', 'LAST RUN (UTC)', 'NEXT RUN (UTC)', 'NOTE'];

/** When a table of jobs is looked at, and by whom they are started. */
export interface JobsView {
  readonly nowMs: number;
  readonly color: boolean;
  /** Whether several applications have jobs, so that each is named with its own. */
  readonly areSeveral: boolean;
}

/** The jobs of a stack, one a line. */
export function renderJobs(jobs: readonly Job[], { nowMs, color, areSeveral }: JobsView): string {
  const rows = jobs.map((job): readonly Cell[] => {
    const last = job.state?.lastEnded ?? null;
    return [
      { text: printable(areSeveral ? job.key : job.container), style: 'bold' },
      { text: job.spec === null ? '' : scheduleText(job.spec) },
      last === null
        ? { text: 'never' }
        : {
            text: `${minute(last.dueMs ?? last.beganMs)} ${resultText(last.end)}`,
            style: RESULT_STYLES[last.end.result],
          },
      { text: nextText(job, nowMs) },
      { text: notesOf(job, nowMs).join('; '), style: job.state?.paused ? 'yellow' : undefined },
    ];
  });
  return renderTable(HEADINGS, rows, color);
}

/** The runs of a job, newest first. */
export function renderRuns(runs: readonly (Run | EndedRun)[], nowMs: number, color: boolean): string {
  const rows = runs
    .toReversed()
    .map(({ run, dueMs, beganMs, by, end }): readonly Cell[] => [
      { text: String(run), style: 'bold' },
      { text: dueMs === null ? `by ${printable(by === null ? 'hand' : by.user)}` : minute(dueMs) },
      { text: second(beganMs) },
      { text: duration(end === null ? nowMs - beganMs : end.tookMs) },
      end === null
        ? { text: 'goes on', style: 'cyan' }
        : { text: resultText(end), style: RESULT_STYLES[end.result] },
      { text: printable(end?.why ?? '') },
    ]);
  return renderTable(['RUN', 'DUE (UTC)', 'BEGAN', 'TOOK', 'RESULT', 'WHY'], rows, color);
}

/** The jobs of a stack as one JSON value. */
export function jobsJson(stack: string, jobs: readonly Job[], agent: object | null, nowMs: number): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    agent,
    jobs: jobs.map((job) => ({
      application: job.application,
      container: job.container,
      image: job.image,
      schedule: job.spec?.schedule ?? null,
      timezone: job.spec?.timezone ?? null,
      overlap: job.spec?.overlap ?? null,
      timeout_ms: job.spec?.timeoutMs ?? null,
      catch_up: job.spec?.catchUp ?? null,
      jitter_ms: job.spec?.jitterMs ?? null,
      next: timeOrNull(nextOf(job, nowMs)),
      paused: pausedJson(job.state),
      running: (job.state?.underWay ?? []).map(runJson),
      queued: (job.state?.queue ?? []).map((at) => timeOrNull(at)),
      missed: missedJson(job.state),
      last: job.state?.lastEnded ? runJson(job.state.lastEnded) : null,
    })),
  };
}

/** The runs of a job as one JSON value, newest first. */
export function runsJson(stack: string, { application, container, state }: Job): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    application,
    container,
    runs: (state?.runs ?? []).toReversed().map(runJson),
  };
}

function runJson({ run, dueMs, beganMs, by, image, end }: Run | EndedRun): object {
  return {
    run,
    due: timeOrNull(dueMs),
    began: timeOrNull(beganMs),
    by,
    image,
    ended: timeOrNull(end?.atMs ?? null),
    result: end?.result.replaceAll('-', '_') ?? null,
    exit_code: end?.exitCode ?? null,
    took_ms: end?.tookMs ?? null,
    why: end?.why ?? null,
  };
}

function pausedJson(state: JobState | null): object | null {
  if (state === null || state.paused === null) return null;
  return { ...state.paused.by, since: timeOrNull(state.paused.sinceMs) };
}

function missedJson(state: JobState | null): object | null {
  if (state === null || state.missed === null) return null;
  const { count, firstMs, lastMs } = state.missed;
  return { count, first: timeOrNull(firstMs), last: timeOrNull(lastMs) };
}

const RESULT_STYLES: Readonly<Record<RunResult, Style>> = {
  succeeded: 'green',
  failed: 'red',
  'timed-out': 'red',
  'not-started': 'red',
  lost: 'red',
};

const RESULT_WORDS: Readonly<Record<RunResult, string>> = {
  succeeded: 'done',
  failed: 'failed',
  'timed-out': 'timed out',
  'not-started': 'not started',
  lost: 'lost',
};

/** `done`, `failed (1)`. */
export function resultText({ result, exitCode }: EndedRun['end']): string {
  return result === 'failed' && exitCode !== null ? `failed (${exitCode})` : RESULT_WORDS[result];
}

/** `0 3 * * * Europe/Rome`; the zone that is the default goes without saying. */
function scheduleText({ schedule, timezone }: NonNullable<Job['spec']>): string {
  return `${schedule.join(' and ')}${timezone === 'UTC' ? '' : ` ${timezone}`}`;
}

function nextText(job: Job, nowMs: number): string {
  if (job.spec === null) return 'none';
  if (job.state?.paused) return 'paused';
  const next = nextOf(job, nowMs);
  return next === null ? 'none' : minute(next);
}

/** Null for what is paused, and for what never runs. */
function nextOf({ spec, state }: Job, nowMs: number): number | null {
  return spec === null || state?.paused ? null : nextOccurrence(spec, nowMs);
}

/** The same about one job for whom it is one line among others: its last run, its next one, and what else there is to say. */
export function jobNotes(job: Job, nowMs: number): readonly string[] {
  const last = job.state?.lastEnded ?? null;
  const next = nextOf(job, nowMs);
  return [
    ...(last === null ? [] : [`last run ${minute(last.dueMs ?? last.beganMs)} ${resultText(last.end)}`]),
    ...(next === null ? [] : [`next ${minute(next)} UTC`]),
    ...notesOf(job, nowMs),
  ];
}

function notesOf({ spec, image, state, live }: Job, nowMs: number): readonly string[] {
  const underWay = state?.underWay ?? [];
  const paused = state?.paused ?? null;
  const missed = state?.missed ?? null;
  const queued = state?.queue.length ?? 0;
  const notes = underWay.map(({ run, beganMs }) => `run ${run} goes on for ${duration(nowMs - beganMs)}`);
  if (spec === null) notes.push(image === null ? 'its template is gone' : 'another version wrote it');
  if (paused !== null) notes.push(`paused by ${printable(paused.by.user)} ${minute(paused.sinceMs)}`);
  if (queued > 0) notes.push(`${queued} waiting`);
  if (missed !== null) notes.push(`${plural(missed.count, 'run')} missed`);
  // A run that is over stays until those are told that want to be.
  const unknown = live.filter(({ run, isOver }) => !isOver && !underWay.some((one) => one.run === run));
  for (const { run } of unknown) notes.push(`run ${run} goes on`);
  return notes;
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

function second(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
