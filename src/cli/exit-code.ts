import type { Interruption } from './io.ts';

/** What the program tells its caller; 64 to 75 as in sysexits(3), 130 and 143 as shells tell of signals. */
export const exitCode = {
  done: 0,
  failed: 1,
  /** Only with `--detailed-exitcode`: changes are pending. */
  pending: 2,
  usage: 64,
  invalidFile: 65,
  unreachable: 69,
  locked: 75,
  interrupted: 130,
  terminated: 143,
} as const;

/** What a command that a signal ended tells. */
export function exitCodeOf(signal: Interruption): number {
  return signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated;
}
