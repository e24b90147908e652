import type { WantedContainer } from '../../compiler/heal/roster.ts';
import type { Spread } from '../../compiler/metrics/counts.ts';
import type { ScaleReport } from '../../compiler/scale/report.ts';
import type { JobNow } from '../cron/job-now.ts';
import type { StackTally } from './stack-tally.ts';
import type { StackView } from './stack-view.ts';

/** What metrics are made of, at one moment. */
export interface Scene {
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
  /** Of the agent's image: `0.1.0-0a1b2c3d4e5f`. */
  readonly version: string;
  readonly tally: StackTally;
  /** Null: the engine does not answer. */
  readonly view: StackView | null;
  /** How many instances should run; null: nothing says so. What the scaler has set is in the same list. */
  readonly wanted: readonly WantedContainer[] | null;
  /** What the scaler saw last; null: nothing is scaled by itself, or it has not looked yet. */
  readonly scale: ScaleReport | null;
  readonly jobs: readonly JobNow[];
  readonly errors: ScrapeErrors;
  readonly process: ProcessUse;
}

/** What could not be looked at. */
export interface ScrapeErrors {
  /** By {@link SOURCES}. */
  readonly counts: Readonly<Record<(typeof SOURCES)[number], number>>;
  /** Milliseconds since the epoch; null: nothing yet. */
  readonly lastMs: number | null;
}

/** Where figures come from that may fail. */
export const SOURCES = ['engine', 'journal'] as const;

/** What the agent's own process takes. */
export interface ProcessUse {
  readonly cpuS: number;
  readonly residentBytes: number;
  /** Seconds since the epoch. */
  readonly startS: number;
}

/** The values of a metric's labels, in their order, and its value. */
export type Sample = readonly [values: readonly string[], value: number];

/**
 * A metric, and where its figures come from. Each has the label `stack` besides. What nobody knows has no sample. No label ever holds
 * a value of the environment, and none has more values than the stack file has containers.
 */
export type Metric = {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
} & (
  | { readonly kind: 'counter' | 'gauge'; readonly samples: (scene: Scene) => readonly Sample[] }
  | {
      readonly kind: 'histogram';
      readonly spreads: (scene: Scene) => readonly (readonly [values: readonly string[], spread: Spread])[];
    }
);
