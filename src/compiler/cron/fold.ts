import { unreachable } from '../unreachable.ts';
import { FAR_MS } from './calendar.ts';
import type { Missed } from './due.ts';
import type { JobKey, JobSpec, RunResult } from './job.ts';
import type { AskedBy, CronRecord } from './record.ts';

/** How many runs of a job are remembered. */
export const KEPT_RUNS = 50;

/** How many times that something was left out are remembered. */
export const KEPT_LEFT_OUT = 50;

/** What a stack's record of jobs tells of one of them. Times are milliseconds since the epoch. */
export interface JobState {
  readonly job: JobKey;
  /** What it is followed by; null: it is not followed, or no more. */
  readonly scheduled: { readonly spec: JobSpec; readonly sinceMs: number } | null;
  /** Outlasts its template. */
  readonly paused: { readonly by: AskedBy; readonly sinceMs: number } | null;
  /** The highest number of a run; 0: none. */
  readonly newestRun: number;
  /** What has begun and not ended, oldest first. */
  readonly underWay: readonly Run[];
  /** What waits for one under way, in the order in which it came. */
  readonly queue: readonly QueuedRun[];
  /** Up to where its time has been dealt with, for `dueBetween`; null: nobody has begun. */
  readonly handledMs: number | null;
  /** The one that ended last. */
  readonly lastEnded: EndedRun | null;
  /** The newest {@link KEPT_RUNS}, oldest first, those under way among them. */
  readonly runs: readonly (Run | EndedRun)[];
  /** What has been missed since the last run began; null: nothing. */
  readonly missed: Missed | null;
  /** The newest {@link KEPT_LEFT_OUT}, oldest first. */
  readonly leftOut: readonly LeftOut[];
}

/** Runs that were due, by those instants, and have not been. */
export type LeftOut =
  /** For the same reason in a row. */
  | (Missed & { readonly kind: 'skipped'; readonly why: string })
  /** Nobody was there; with `caughtUp`, one run followed for all. */
  | (Missed & { readonly kind: 'missed'; readonly caughtUp: boolean });

/** A run that waits for the one before it. */
export interface QueuedRun {
  /** When it was due, or asked for. */
  readonly dueMs: number;
  /** Null: by its schedule. */
  readonly by: AskedBy | null;
}

/** A run that has begun. */
export interface Run {
  readonly run: number;
  /** When it should have run; with `by`, when it was asked for where it has waited, else null. */
  readonly dueMs: number | null;
  readonly by: AskedBy | null;
  /** The image's id. */
  readonly image: string;
  readonly beganMs: number;
  /** Whether its container is known to have been started. */
  readonly isStarted: boolean;
  /** Null while it is under way. */
  readonly end: RunEnd | null;
}

/** A run that is over. */
export interface EndedRun extends Run {
  readonly end: RunEnd;
}

/** How a run came to its end. */
export interface RunEnd {
  readonly atMs: number;
  readonly result: RunResult;
  readonly exitCode: number | null;
  readonly tookMs: number;
  readonly why: string | null;
}

/** What records tell of each job that they name, in the order in which they first do. */
export function foldCron(records: Iterable<CronRecord>): ReadonlyMap<JobKey, JobState> {
  const states = new Map<JobKey, JobState>();
  for (const record of records) states.set(record.job, stateAfter(states.get(record.job), record));
  return states;
}

/** What is known of a job with one more of its records; `undefined`: it is the first. */
export function stateAfter(before: JobState | undefined, record: CronRecord): JobState {
  const state = before ?? unknownJob(record.job);
  switch (record.type) {
    case 'scheduled':
      return {
        ...handled(state, record.atMs),
        scheduled: { spec: record.spec, sinceMs: record.atMs },
      };
    case 'dropped':
      return { ...state, scheduled: null, queue: [] };
    case 'begun':
      return afterBegun(state, record);
    case 'started':
      return afterStarted(state, record.run);
    case 'ended':
      return afterEnded(state, record);
    case 'queued':
      return afterQueued(state, record);
    case 'skipped':
      return {
        ...dueTaken(state, { dueMs: record.dueMs, by: null }),
        leftOut: withSkipped(state.leftOut, record),
      };
    case 'missed': {
      const { count, firstMs, lastMs, caughtUp } = record;
      const missed: LeftOut = { kind: 'missed', count, firstMs, lastMs, caughtUp };
      return {
        ...handled(state, lastMs),
        missed: missedWith(state.missed, record),
        leftOut: [...state.leftOut, missed].slice(-KEPT_LEFT_OUT),
      };
    }
    case 'paused':
      return state.paused === null ? { ...state, paused: { by: record.by, sinceMs: record.atMs } } : state;
    case 'resumed':
      return { ...handled(state, record.atMs), paused: null };
    default:
      return unreachable(record);
  }
}

function unknownJob(job: JobKey): JobState {
  return {
    job,
    scheduled: null,
    paused: null,
    newestRun: 0,
    underWay: [],
    queue: [],
    handledMs: null,
    lastEnded: null,
    runs: [],
    missed: null,
    leftOut: [],
  };
}

type Skipped = Extract<CronRecord, { readonly type: 'skipped' }>;

/** Whether a run is skipped for the same reason as what was left out last: the two are told as one. */
export function goesOn(last: LeftOut | undefined, { why }: Pick<Skipped, 'why'>): last is LeftOut {
  return last?.kind === 'skipped' && last.why === why;
}

/** Its record tells of all in a row: those before it may be gone. */
function withSkipped(before: readonly LeftOut[], record: Skipped): readonly LeftOut[] {
  const { count, firstMs, dueMs, why } = record;
  const kept = goesOn(before.at(-1), record) ? before.slice(0, -1) : before;
  return [...kept, { kind: 'skipped' as const, count, firstMs, lastMs: dueMs, why }].slice(-KEPT_LEFT_OUT);
}

/**
 * Runs that are due together are written down in any order, so the latest counts. Unless it is far ahead: somebody has set a clock back
 * that was wrong, and what is due goes by the new time.
 */
function handled(state: JobState, ms: number): JobState {
  const { handledMs } = state;
  return handledMs !== null && ms <= handledMs && handledMs - ms < FAR_MS
    ? state
    : { ...state, handledMs: ms };
}

/** What somebody asks for says nothing of what is due by then. */
function afterQueued(
  state: JobState,
  { dueMs, by }: Extract<CronRecord, { readonly type: 'queued' }>,
): JobState {
  const queued = { ...state, queue: [...state.queue, { dueMs, by }] };
  return by === null ? handled(queued, dueMs) : queued;
}

/** Where a run waits among those; -1: it does not. */
export function placeIn(queue: readonly QueuedRun[], { dueMs, by }: Pick<Run, 'dueMs' | 'by'>): number {
  return queue.findIndex((each) => each.dueMs === dueMs && (each.by === null) === (by === null));
}

/** What waited was dealt with when it was queued, maybe long ago. */
function dueTaken(state: JobState, due: QueuedRun): JobState {
  const at = placeIn(state.queue, due);
  if (at !== -1) return { ...state, queue: state.queue.toSpliced(at, 1) };
  return due.by === null ? handled(state, due.dueMs) : state;
}

/** A number is used once: a second begin of the same run, or of an older one, says nothing. */
function afterBegun(state: JobState, record: Extract<CronRecord, { readonly type: 'begun' }>): JobState {
  const { run, dueMs, by, image, atMs } = record;
  if (run <= state.newestRun) return state;
  const begun: Run = { run, dueMs, by, image, beganMs: atMs, isStarted: false, end: null };
  return {
    ...(dueMs === null ? state : dueTaken(state, { dueMs, by })),
    newestRun: run,
    underWay: [...state.underWay, begun],
    runs: [...state.runs, begun].slice(-KEPT_RUNS),
    missed: null,
  };
}

function afterStarted(state: JobState, number: number): JobState {
  const run = state.underWay.find((each) => each.run === number);
  if (run === undefined || run.isStarted) return state;
  const started: Run = { ...run, isStarted: true };
  const replaced = (each: Run | EndedRun) => (each.run === number ? started : each);
  return { ...state, underWay: state.underWay.map(replaced), runs: state.runs.map(replaced) };
}

/** Of a run whose begin is lost only the number is known, and that it is used. */
function afterEnded(state: JobState, record: Extract<CronRecord, { readonly type: 'ended' }>): JobState {
  const { run, atMs, result, exitCode, tookMs, why } = record;
  const newestRun = Math.max(state.newestRun, run);
  const begun = state.underWay.find((each) => each.run === run);
  if (begun === undefined) return newestRun === state.newestRun ? state : { ...state, newestRun };
  const ended: EndedRun = { ...begun, end: { atMs, result, exitCode, tookMs, why } };
  return {
    ...state,
    underWay: state.underWay.filter((each) => each !== begun),
    lastEnded: ended,
    runs: state.runs.map((each) => (each.run === run ? ended : each)),
  };
}

function missedWith(
  before: Missed | null,
  { count, firstMs, lastMs }: Extract<CronRecord, { readonly type: 'missed' }>,
): Missed {
  if (before === null) return { count, firstMs, lastMs };
  return {
    count: before.count + count,
    firstMs: Math.min(before.firstMs, firstMs),
    lastMs: Math.max(before.lastMs, lastMs),
  };
}
