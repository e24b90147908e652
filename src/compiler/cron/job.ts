/**
 * When a `deploy: cron` container runs and what bounds a run: all that the agent goes by, and nothing secret. Its canonical
 * JSON is a label of the container's template.
 */
export interface JobSpec {
  readonly version: 1;
  /** Lines of five fields; two where crontab(5)'s *or* of day and weekday needs them. */
  readonly schedule: readonly string[];
  /** Of the time zone database: `Europe/Rome`. */
  readonly timezone: string;
  /** What happens when a run is due while another one lasts. */
  readonly overlap: 'skip' | 'queue' | 'allow';
  /** How long a run may last; null: as long as it takes. */
  readonly timeoutMs: number | null;
  /** Whether it runs once when runs were missed. */
  readonly catchUp: boolean;
  /** The longest random delay before a run; 0: none. */
  readonly jitterMs: number;
}

/** `shop/backup`: a job's application and container as they are written. */
export type JobKey = string;

/** A job's application, whose name may hold a slash, and its container, whose name cannot. */
export function partsOf(job: JobKey): readonly [string, string] {
  const at = job.lastIndexOf('/');
  return [job.slice(0, at), job.slice(at + 1)];
}

/** What became of a run that has begun. */
export type RunResult =
  | 'succeeded'
  /** Its exit code was not 0. */
  | 'failed'
  | 'timed-out'
  /** The engine could not create or start it. */
  | 'not-started'
  /** Somebody removed it, or the machine took it along. */
  | 'lost';
