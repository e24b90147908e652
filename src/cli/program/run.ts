import type { Command } from '../run-command.ts';

/** Runs a command, and keeps the exit code that it gives. */
export type Run = (command: Command) => Promise<void>;
