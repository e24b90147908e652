/** A line of the journal. */
export type JournalRecord =
  | OperationRecord
  | ApplyRecord
  | ImagesRecord
  | PlanRecord
  | StartRecord
  | BackRecord
  | EndRecord;

/** What changes a stack. `resume` goes on with a revision, `rollback` and `abort` go back to one, `heal` brings back what died of one, `scale` gives it other numbers of instances. */
export type ApplyCommand = 'apply' | 'destroy' | 'rollback' | 'resume' | 'abort' | 'heal' | 'scale';

/** The begin of an apply, on the disk before its first operation. */
export interface ApplyRecord {
  readonly type: 'apply';
  /** Of the apply; the same for all of its records. */
  readonly apply: string;
  /** Counts the applies of a stack, from 1. */
  readonly revision: number;
  /** Milliseconds since the epoch, by the clock of the machine that applies. */
  readonly atMs: number;
  readonly command: ApplyCommand;
  /** The revision that is made again, or gone on with; null: a stack file is applied, or the stack destroyed. */
  readonly of: number | null;
  readonly user: string;
  readonly host: string;
  /** The version of the program. */
  readonly program: string;
  /** SHA-256 of the stack file's text; null where no file is applied. */
  readonly file: string | null;
  /** Where the file lies in a repository of git. `dirty`: the file differs from the commit. */
  readonly git: { readonly commit: string; readonly dirty: boolean } | null;
  /** How many operations its {@link PlanRecord}s have. */
  readonly operations: number;
  /** What was set of the numbers of instances, when it has come to its end; absent: nothing. */
  readonly counts?: readonly SetCount[];
}

/** A number of instances that was set, by hand or by the scaler (ADR 0024). */
export interface SetCount {
  /** `application/container`. */
  readonly container: string;
  readonly from: number;
  readonly to: number;
  /** `agent`: the scaler. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** In words; null: somebody wanted it. */
  readonly why: string | null;
  /** Nothing was set before: `from` is the file's; absent: something was. */
  readonly first?: true;
}

/** The images that the stack had when an apply began, and those that it was to get, as far as they were known (ADR 0017). */
export interface ImagesRecord {
  readonly type: 'images';
  readonly apply: string;
  readonly images: readonly RecordedImage[];
}

export interface RecordedImage {
  /** `sha256:…`. */
  readonly id: string;
  /** As the stack file named it; null where nobody knows. */
  readonly reference: string | null;
}

/** A part of an apply's plan: a large one has several lines. No values, only the names of the fields that differ. */
export interface PlanRecord {
  readonly type: 'plan';
  readonly apply: string;
  readonly changes: readonly PlannedChange[];
  readonly operations: readonly PlannedOperation[];
}

export interface PlannedChange {
  readonly id: string;
  readonly action: string;
  readonly from: number | null;
  readonly to: number | null;
  /** What differs: `image`, `env GREETING`. */
  readonly fields: readonly string[];
}

export interface PlannedOperation {
  /** Of its node. */
  readonly id: string;
  readonly group: string;
  /** With its `kind`; holds no environment and no secret. */
  readonly op: object;
}

/** Operations that are about to begin. `back`: what takes the node back. */
export interface StartRecord {
  readonly type: 'start';
  readonly apply: string;
  readonly atMs: number;
  readonly nodes: readonly string[];
  readonly back: boolean;
}

/** The end of taking a node back. */
export interface BackRecord {
  readonly type: 'back';
  readonly apply: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly node: string;
  readonly result: 'done' | 'failed';
}

/** The end of an apply. Without one it was cut off. */
export interface EndRecord {
  readonly type: 'end';
  readonly apply: string;
  readonly atMs: number;
  readonly tookMs: number;
  /** `stopped`: told to stop before all was done. */
  readonly result: 'done' | 'failed' | 'stopped';
  readonly done: number;
  readonly failed: number;
  /** Not begun, or given up. */
  readonly left: number;
}

/** One ended operation of an apply, as the journal keeps it. */
export interface OperationRecord {
  readonly type: 'operation';
  readonly apply: string;
  /** Its id in the plan; null in lines of earlier versions. */
  readonly node: string | null;
  /** `container.stop`, … */
  readonly op: string;
  /** `application/container`; null for what is done to no instance. */
  readonly container: string | null;
  readonly instance: string | null;
  readonly generation: number | null;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly tookMs: number;
  /** `stopped`: given up when told to stop. */
  readonly result: 'done' | 'failed' | 'stopped';
  readonly told: Told | null;
  readonly failure: RecordedFailure | null;
}

/** What went wrong, without secrets. */
export interface RecordedFailure {
  readonly message: string;
  /** The container's last lines. */
  readonly log: readonly string[];
}

/** What an operation has found out besides. */
export type Told =
  /** `forced`: it was killed when `limitMs` were over. `made`: by {@link stopPrint}, what it was made from. */
  | {
      readonly kind: 'stop';
      readonly forced: boolean;
      readonly limitMs: number | null;
      readonly made: string | null;
    }
  /** `ms`: until nobody was connected, or to the limit. `open`: connections that were left; null where none could be counted. */
  | { readonly kind: 'drain'; readonly ms: number; readonly open: number | null };
