import { groupBy } from '../group-by.ts';
import { goesOn, KEPT_LEFT_OUT, placeIn, stateAfter, type JobState, type Run } from './fold.ts';
import type { CronRecord } from './record.ts';

/**
 * The records that `foldCron` needs to come to the same: of each job its schedule, its pause, what is under way or waits, its newest
 * runs, what was left out and what was missed since, and how far its time has been dealt with. The others may go; the order stays.
 */
export function compactedCron(records: readonly CronRecord[]): readonly CronRecord[] {
  const kept = new Set([...groupBy(records, ({ job }) => job).values()].flatMap(needed));
  return records.filter((record) => kept.has(record));
}

/** The records that tell of one run, from its place in the queue to its end: they stay or go together. */
type OfRun = Set<CronRecord>;

/** What a job's records still say, while they are gone through. */
interface Needs {
  /** Whatever comes. */
  readonly always: CronRecord[];
  /** The last that said each of these. */
  readonly last: Map<'schedule' | 'drop' | 'pause' | 'handled' | 'number' | 'begun', CronRecord>;
  /** By number. */
  readonly runs: Map<number, OfRun>;
  readonly together: Map<CronRecord, OfRun>;
  readonly queue: (CronRecord & { readonly type: 'queued' })[];
  missed: CronRecord[];
  /** Those that the state has as left out. */
  leftOut: CronRecord[];
}

function needed(records: readonly CronRecord[]): readonly CronRecord[] {
  const needs: Needs = {
    always: [],
    last: new Map(),
    runs: new Map(),
    together: new Map(),
    queue: [],
    missed: [],
    leftOut: [],
  };
  let state: JobState | undefined;
  for (const record of records) {
    const next = stateAfter(state, record);
    if (next !== state) note(needs, state, record, next);
    state = next;
  }
  if (state === undefined) return [];
  const runs = [...state.runs, ...state.underWay, ...(state.lastEnded === null ? [] : [state.lastEnded])];
  const own = [
    ...needs.always,
    ...needs.last.values(),
    ...needs.queue,
    ...needs.missed,
    ...needs.leftOut,
    ...runs.flatMap(({ run }) => [...(needs.runs.get(run) ?? [])]),
  ];
  return own.flatMap((record) => [record, ...(needs.together.get(record) ?? [])]);
}

function note(needs: Needs, before: JobState | undefined, record: CronRecord, after: JobState): void {
  noteTime(needs, before?.handledMs ?? null, record, after.handledMs);
  if (after.newestRun !== (before?.newestRun ?? 0)) needs.last.set('number', record);
  switch (record.type) {
    case 'scheduled':
      needs.last.set('schedule', record);
      break;
    case 'dropped':
      // Without it what waited would wait again.
      if (needs.queue.length > 0) needs.always.push(record);
      needs.queue.length = 0;
      needs.last.set('drop', record);
      break;
    case 'begun': {
      needs.last.set('begun', record);
      needs.missed = [];
      const own = tie(needs, record, fromQueue(needs, record));
      needs.runs.set(record.run, own);
      break;
    }
    case 'started':
    case 'ended': {
      const own = needs.runs.get(record.run);
      if (own !== undefined) needs.together.set(record, own.add(record));
      break;
    }
    case 'queued':
      needs.queue.push(record);
      break;
    case 'skipped':
      tie(needs, record, fromQueue(needs, { dueMs: record.dueMs, by: null }));
      if (goesOn(before?.leftOut.at(-1), record)) needs.leftOut.pop();
      needs.leftOut = [...needs.leftOut, record].slice(-KEPT_LEFT_OUT);
      break;
    case 'missed':
      needs.missed.push(record);
      needs.leftOut = [...needs.leftOut, record].slice(-KEPT_LEFT_OUT);
      break;
    case 'paused':
      needs.last.set('pause', record);
      break;
    case 'resumed':
      needs.last.delete('pause');
      break;
  }
}

/** Where a clock was set back, what it had come to stays, and what turned it back. */
function noteTime(needs: Needs, beforeMs: number | null, record: CronRecord, afterMs: number | null): void {
  if (afterMs === null || afterMs === beforeMs) return;
  const setter = needs.last.get('handled');
  if (beforeMs !== null && afterMs < beforeMs && setter !== undefined) needs.always.push(setter);
  if (beforeMs !== null && afterMs < beforeMs) needs.always.push(record);
  needs.last.set('handled', record);
}

function fromQueue(needs: Needs, of: Pick<Run, 'dueMs' | 'by'>): CronRecord | null {
  const at = placeIn(needs.queue, of);
  return needs.queue.splice(at, at === -1 ? 0 : 1)[0] ?? null;
}

function tie(needs: Needs, record: CronRecord, queued: CronRecord | null): OfRun {
  const own: OfRun = new Set(queued === null ? [record] : [queued, record]);
  for (const each of own) needs.together.set(each, own);
  return own;
}
