import { firstVersion } from '../first-version.ts';
import type { ScaleRest } from './policy.ts';

/** What the scaler has seen and done last, as it keeps it beside the journal for `stack status`. Nothing of it is secret. */
export interface ScaleReport {
  readonly version: 1;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** Why nothing is scaled; null: it is. */
  readonly idle: string | null;
  readonly containers: readonly ReportedScale[];
}

/** One container. */
export interface ReportedScale {
  /** `application/container`. */
  readonly key: string;
  readonly count: number;
  readonly serving: number;
  /** As they hold now. */
  readonly min: number;
  readonly max: number;
  readonly sources: readonly ReportedSource[];
  /** Why nothing is done; `changing`: something is, `changed`: it was. `idle`: something would be, were anything scaled. */
  readonly rest: ScaleRest | 'changing' | 'changed' | 'idle' | 'paused';
  /** Tries on end that came to nothing. */
  readonly failures: number;
  /** When the next one may be, in milliseconds since the epoch; null: nothing is put off. */
  readonly notBeforeMs: number | null;
}

/** What was measured of one source. */
export interface ReportedSource {
  /** `cpu`, `queue`, … */
  readonly name: string;
  /** For one instance; null: it was not measured. */
  readonly value: number | null;
  readonly target: number;
  readonly unit: '%' | '';
  /** Why it was not measured; null: it was. */
  readonly why: string | null;
}

/** When a report is of the past: four looks. */
const OLD_MS = 60_000;

/** Whether nobody has looked for a while. */
export function isOldReport({ atMs }: Pick<ScaleReport, 'atMs'>, nowMs: number): boolean {
  return nowMs - atMs > OLD_MS;
}

/** The report of a text; null for one of another version, or none. */
export function scaleReportFrom(text: string): ScaleReport | null {
  return firstVersion(text, 'containers');
}
