/** One ended operation of an apply, as the journal keeps it. */
export interface OperationRecord {
  /** Of the apply; the same for all of its records. */
  readonly apply: string;
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
