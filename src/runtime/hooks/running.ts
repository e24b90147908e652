import type { LogChunk } from '../engine.ts';

/** A command that was started. */
export interface Running {
  /** Null: it has succeeded; else how it ended, in words. */
  readonly exit: Promise<string | null>;
  readonly output: AsyncIterable<LogChunk>;
  /** Asks it to end, and ends it where it does not. */
  readonly end: () => Promise<void>;
  /** Ends it at once. */
  readonly kill: () => void;
  /** Nothing of it is left. */
  readonly release: () => Promise<void>;
}

/** How long a command that was asked to end may take, in seconds. */
export const GRACE_S = 5;
