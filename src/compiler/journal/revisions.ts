import type {
  ApplyRecord,
  EndRecord,
  JournalRecord,
  OperationRecord,
  PlannedChange,
  PlannedOperation,
  RecordedFailure,
} from './record.ts';

/** One apply, as the journal has it. */
export interface Revision extends Omit<ApplyRecord, 'type'> {
  /** Null: it was cut off, or goes on. */
  readonly end: EndRecord | null;
  readonly changes: readonly PlannedChange[];
  /** In the order of the plan. */
  readonly steps: readonly RevisionStep[];
  /** Changes that were taken back. */
  readonly takenBack: readonly string[];
}

/** An operation of a plan, and what became of it. */
export interface RevisionStep extends PlannedOperation {
  /** Whether it leads back to an old generation: it is none of the plan, and came on top of it. */
  readonly isBack: boolean;
  /** `begun`: no end of it is known. `left`: it was never begun. */
  readonly result: 'done' | 'failed' | 'stopped' | 'begun' | 'left';
  readonly atMs: number | null;
  readonly tookMs: number | null;
  readonly failure: RecordedFailure | null;
}

/** The revisions of a journal, oldest first. */
export function revisionsOf(records: readonly JournalRecord[]): readonly Revision[] {
  const byApply = new Map<string, JournalRecord[]>();
  for (const record of records) {
    const known = byApply.get(record.apply);
    if (known === undefined) byApply.set(record.apply, [record]);
    else known.push(record);
  }
  return records.flatMap((record) => {
    if (record.type !== 'apply') return [];
    return [revisionOf(record, byApply.get(record.apply) ?? [])];
  });
}

function revisionOf(begun: Omit<ApplyRecord, 'type'>, own: readonly JournalRecord[]): Revision {
  const plans = own.flatMap((record) => (record.type === 'plan' ? [record] : []));
  const started = new Map<string, number>();
  const backs = new Set<string>();
  const ended = new Map<string | null, OperationRecord>();
  let end: EndRecord | null = null;
  for (const record of own) {
    if (record.type === 'start' && !record.back)
      for (const node of record.nodes) started.set(node, record.atMs);
    else if (record.type === 'back' && record.result === 'done') backs.add(record.node);
    else if (record.type === 'operation') ended.set(record.node, record);
    else if (record.type === 'end') end = record;
  }
  const steps = plans.flatMap(({ operations }) =>
    operations.map((operation): RevisionStep => {
      const { id, group } = operation;
      const record = ended.get(id);
      const atMs = record?.atMs ?? started.get(id) ?? null;
      return {
        ...operation,
        isBack: id.startsWith(`${group} back `),
        result: record?.result ?? (atMs === null ? 'left' : 'begun'),
        atMs,
        tookMs: record?.tookMs ?? null,
        failure: record?.failure ?? null,
      };
    }),
  );
  const takenBack = new Set(steps.flatMap(({ id, group }) => (backs.has(id) ? [group] : [])));
  return {
    ...begun,
    end,
    changes: plans.flatMap(({ changes }) => changes),
    steps,
    takenBack: [...takenBack],
  };
}

/** The operations that a revision was cut off at: those that had begun, else the last that had ended; none: before the first. */
export function cutOffAt({ steps }: Revision): readonly string[] {
  const open = steps.filter(({ result }) => result === 'begun');
  if (open.length > 0) return open.map(({ id }) => id);
  const last = steps
    .filter(({ atMs }) => atMs !== null)
    .toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0))
    .at(-1);
  return last === undefined ? [] : [last.id];
}

/** The commit of what a revision made, and of which revision that is; null where it lies in no repository, or nobody knows. */
export function commitOf(
  revision: Pick<Revision, 'revision' | 'of' | 'git'>,
  revisions: readonly Revision[],
): { readonly git: NonNullable<ApplyRecord['git']>; readonly revision: number } | null {
  const { git, of, revision: number } = revision;
  if (git !== null) return { git, revision: number };
  // What is made again is older.
  const made = of === null || of >= number ? undefined : revisions.find((one) => one.revision === of);
  return made === undefined ? null : commitOf(made, revisions);
}

/** How many operations of a revision's plan came to which end, and of those that lead back, which are none of its plan. */
export interface Counts {
  readonly done: number;
  readonly failed: number;
  /** Not begun, given up, or begun without a known end. */
  readonly left: number;
  readonly back: { readonly done: number; readonly all: number };
}

/** Its end counts what its plan has lost in the journal, too. */
export function countsOf({ end, steps }: Pick<Revision, 'end' | 'steps'>): Counts {
  const back = steps.filter(({ isBack }) => isBack);
  const own = countsIn(steps.filter(({ isBack }) => !isBack));
  const { done, failed, left } = countsIn(back);
  return {
    ...(end === null ? own : { done: end.done - done, failed: end.failed - failed, left: end.left - left }),
    back: { done, all: back.length },
  };
}

function countsIn(steps: readonly RevisionStep[]): Omit<Counts, 'back'> {
  const count = (wanted: RevisionStep['result']) => steps.filter(({ result }) => result === wanted).length;
  const [done, failed] = [count('done'), count('failed')];
  return { done, failed, left: steps.length - done - failed };
}
