import type { Range } from '../span.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { Template } from './template.ts';

/** One entry of `deploy`. */
export interface ApplicationSpec {
  /** As written; may hold spaces. */
  readonly name: string;
  readonly range: Range;
  /** What its containers, networks and volumes are called on the engine, before their own names. */
  readonly base: string;
  readonly dataVolumes: readonly DataVolumeSpec[];
  readonly database: DatabaseSpec | null;
  /** What every container starts from. */
  readonly environment: readonly EnvEntry[];
  /** In the order of the work: what is depended on first, then as written; cron containers last. */
  readonly containers: readonly ContainerSpec[];
}

/** A named set of mount paths, one volume each. */
export interface DataVolumeSpec {
  readonly name: string;
  readonly range: Range;
  /** Absolute, normalized, as written. */
  readonly paths: readonly string[];
}

/** One variable; the value is not expanded. */
export interface EnvEntry {
  readonly name: string;
  readonly range: Range;
  readonly value: Template;
}

/** The seven variables of `database: true`, in code-unit order. */
export const DATABASE_VARIABLES = [
  'DB_ADAPTER',
  'DB_DATABASE',
  'DB_HOST',
  'DB_PASSWORD',
  'DB_PORT',
  'DB_RECONNECT',
  'DB_USERNAME',
] as const;

/** The application's own database, as the variables that it sets (`DB_HOST` for `host`). */
export interface DatabaseSpec {
  readonly range: Range;
  readonly variables: readonly EnvEntry[];
}
