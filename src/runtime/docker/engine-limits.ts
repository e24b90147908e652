/** Deadlines; streams, waits and builds have none. */
export interface EngineLimits {
  /** For what only reads, and for connecting: 15 s. */
  readonly readMs: number;
  /** For what changes something; a start may wait for a slow volume: 120 s. A stop has its own time on top. */
  readonly changeMs: number;
  /** For a pull without a sign of life: 5 minutes. */
  readonly pullSilenceMs: number;
}

/** What a call waits for where nothing else is said. */
export const defaultLimits: EngineLimits = { readMs: 15_000, changeMs: 120_000, pullSilenceMs: 300_000 };
