import type { ListedServers } from '../balancer/listed-servers.ts';
import type { ContainerKey } from '../desired/desired-state.ts';
import type { DesiredScale, DesiredSource } from '../desired/scale.ts';
import { firstVersion } from '../first-version.ts';
import type { SetCount } from '../journal/record.ts';

/** What the scaler goes by: the scaled containers of the revision that runs, and where they are measured (ADR 0024). It holds secrets. */
export interface ScaleRoster {
  readonly version: 1;
  readonly stack: string;
  /** The kept revision that says so; null: there is none. */
  readonly revision: number | null;
  /** Why nothing is scaled; null: it is. */
  readonly idle: string | null;
  readonly containers: readonly ScaleEntry[];
}

/** One of them. */
export interface ScaleEntry extends Pick<DesiredScale, 'min' | 'max' | 'pace' | 'schedule'> {
  readonly key: ContainerKey;
  /** How many there are to be now. */
  readonly count: number;
  /** Of one instance; null: all that the machine has. */
  readonly cpus: number | null;
  /** What was set last; null: nothing. */
  readonly last: SetCount | null;
  readonly sources: readonly MeasuredSource[];
}

/** Something that is measured, and where. */
export type MeasuredSource =
  | Exclude<DesiredSource, { readonly kind: 'requests' | 'waiting' }>
  | (Extract<DesiredSource, { readonly kind: 'requests' | 'waiting' }> & {
      /** Of each haproxy that runs. */
      readonly sockets: readonly StatsSocket[];
      /** Why one of them, or all, cannot be asked; null: they can. */
      readonly why: string | null;
    });

/** Where a haproxy tells of its servers, as the agent sees it, and which of them count. */
export interface StatsSocket {
  readonly path: string;
  readonly listed: readonly ListedServers[];
}

/** The roster of a text; null for one of another version, or none. */
export function scaleRosterFrom(text: string): ScaleRoster | null {
  return firstVersion(text, 'containers');
}
