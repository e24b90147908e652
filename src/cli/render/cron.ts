import { nextOccurrence } from '../../compiler/cron/calendar.ts';
import type { EndedRun, JobState, LeftOut, Run } from '../../compiler/cron/fold.ts';
import type { RunResult } from '../../compiler/cron/job.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { Job } from '../cron/jobs.ts';
import { phaseOf, type RunPhase } from '../cron/run-phase.ts';
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
      running: (job.state?.underWay ?? []).map((run) => runJson(run, job, nowMs)),
      queued: (job.state?.queue ?? []).map(({ dueMs, by }) => ({ due: timeOrNull(dueMs), by })),
      missed: missedJson(job.state),
      last: job.state?.lastEnded ? runJson(job.state.lastEnded, job, nowMs) : null,
    })),
  };
}

/** A run as one JSON value; `state` tells of one that has no end yet what its container tells. */
export function runJson(of: Run | EndedRun, job: Job, nowMs: number): object {
  const { run, dueMs, beganMs, by, image, end } = of;
  const phase = end === null ? phaseOf(of, job, nowMs) : null;
  const over = phase?.kind === 'over' ? phase : null;
  return {
    run,
    state: phase === null ? 'ended' : PHASES[phase.kind],
    due: timeOrNull(by === null ? dueMs : null),
    began: timeOrNull(beganMs),
    starts: timeOrNull(phase?.kind === 'waits' ? phase.startsMs : null),
    by,
    image,
    ended: timeOrNull(end?.atMs ?? over?.endedMs ?? null),
    result: end?.result.replaceAll('-', '_') ?? null,
    exit_code: end?.exitCode ?? over?.exitCode ?? null,
    took_ms: end?.tookMs ?? null,
    why: end?.why ?? null,
  };
}

const PHASES: Readonly<Record<RunPhase['kind'], string>> = {
  waits: 'waiting',
  starts: 'starting',
  runs: 'running',
  over: 'over',
  unknown: 'unknown',
};

/** What was left out as one JSON value. */
export function leftOutJson(each: LeftOut): object {
  const { kind, count, firstMs, lastMs } = each;
  return {
    kind,
    count,
    first: timeOrNull(firstMs),
    last: timeOrNull(lastMs),
    why: kind === 'skipped' ? each.why : null,
    caught_up: kind === 'missed' ? each.caughtUp : null,
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

/** How a result looks. */
export const RESULT_STYLES: Readonly<Record<RunResult, Style>> = {
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

function notesOf(job: Job, nowMs: number): readonly string[] {
  const { spec, image, state, live } = job;
  const underWay = state?.underWay ?? [];
  const paused = state?.paused ?? null;
  const missed = state?.missed ?? null;
  const queued = state?.queue.length ?? 0;
  const notes = underWay.map((run) => `run ${run.run} ${phaseText(phaseOf(run, job, nowMs), nowMs)}`);
  if (spec === null) notes.push(image === null ? 'its template is gone' : 'another version wrote it');
  if (paused !== null) notes.push(`paused by ${printable(paused.by.user)} ${minute(paused.sinceMs)}`);
  if (queued > 0) notes.push(`${queued} waiting`);
  if (missed !== null) notes.push(`${plural(missed.count, 'run')} missed`);
  // A run that is over stays until those are told that want to be.
  const unknown = live.filter(({ run, isOver }) => !isOver && !underWay.some((one) => one.run === run));
  for (const { run } of unknown) notes.push(`run ${run} goes on`);
  return notes;
}

function phaseText(phase: RunPhase, nowMs: number): string {
  switch (phase.kind) {
    case 'waits':
      return `starts at ${second(phase.startsMs)}`;
    case 'starts':
      return 'is about to start';
    case 'runs':
      return `goes on for ${duration(nowMs - phase.sinceMs)}`;
    case 'over':
      return `is over${phase.exitCode === null ? '' : ` (exit code ${phase.exitCode})`}, and not written down yet`;
    case 'unknown':
      return `is unknown since ${second(phase.sinceMs)}`;
    default:
      return unreachable(phase);
  }
}

function timeOrNull(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

/** `2026-03-01 03:59:00`, UTC. */
export function second(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
