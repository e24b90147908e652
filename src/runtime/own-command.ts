/** Runs a command of this program, as a process of its own, with these words, to its end. Never rejects. */
export type RunOwnCommand = (
  words: readonly string[],
) => Promise<{ readonly code: number; readonly stdout: string }>;

/** The exit code of a command that somebody else keeps out: `EX_TEMPFAIL` of sysexits(3). */
export const LOCKED = 75;
