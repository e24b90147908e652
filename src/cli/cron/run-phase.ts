import type { Run } from '../../compiler/cron/fold.ts';
import { jitterDelayMs } from '../../compiler/cron/jitter.ts';
import type { Job } from './jobs.ts';

/** Where a run stands whose end is not written down. Times are milliseconds since the epoch. */
export type RunPhase =
  /** Its `jitter` is not over. */
  | { readonly kind: 'waits'; readonly startsMs: number }
  | { readonly kind: 'starts' }
  | { readonly kind: 'runs'; readonly sinceMs: number }
  /** As its container tells it; null: somebody has removed that just now. */
  | { readonly kind: 'over'; readonly exitCode: number | null; readonly endedMs: number | null }
  /** It has no container, and nobody is there who could say what became of it. */
  | { readonly kind: 'unknown'; readonly sinceMs: number };

/** What is to be known of a run that is under way, from its container rather than from the record, which only an agent keeps. */
export function phaseOf(
  { run, dueMs, by, beganMs, isStarted }: Run,
  { key, spec, live, isFollowed }: Pick<Job, 'key' | 'spec' | 'live' | 'isFollowed'>,
  nowMs: number,
): RunPhase {
  const own = live.find((one) => one.run === run);
  if (own?.isOver === true) return { kind: 'over', exitCode: own.exitCode, endedMs: own.endedMs };
  const startsMs = dueMs === null || by !== null ? 0 : dueMs + jitterDelayMs(key, dueMs, spec?.jitterMs ?? 0);
  const runs = { kind: 'runs', sinceMs: Math.max(beganMs, startsMs) } as const;
  if (own !== undefined) return own.isNew ? { kind: 'starts' } : runs;
  if (!isStarted && startsMs > nowMs) return { kind: 'waits', startsMs };
  // It may have been listed a moment before.
  if (isFollowed) return isStarted ? runs : { kind: 'starts' };
  return { kind: 'unknown', sinceMs: beganMs };
}
