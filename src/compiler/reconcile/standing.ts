import { currentName } from './adopted.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';

/** What the generations of one instance add up to. */
export interface Standing {
  /** The generation that counts as current; null when there is none. */
  readonly current: ObservedContainer | null;
  /**
   * Set when `current` does not carry its name yet: `finish` a switch that was cut off between its two renames,
   * `restore` an old generation whose successor is gone, `renamed` by hand.
   */
  readonly rescue: 'finish' | 'restore' | 'renamed' | null;
  /** It gives its place up to `current`, and has here the name and the phase that it gets; among the others as well. */
  readonly displaced: ObservedContainer | null;
  /** Half-made or replaced generations of an earlier apply, newest first. */
  readonly leftovers: readonly ObservedContainer[];
  /** Kept for inspection, newest first. */
  readonly failed: readonly ObservedContainer[];
  /** The highest generation ever seen; 0 when there is none. */
  readonly latest: number;
}

/**
 * Sorts the generations of one instance by what they are.
 *
 * A switch renames `app0` → `app0.1.old`, then `app0.2.next` → `app0`, always after the gate of 2. So:
 *
 *     app0    .1.old   .2.next
 *     1       -        2         2 is half-made; 1 is current (unless 2 is published: `successor.ts`)
 *     -       1        2         cut off between the renames: 2 is current
 *     2       1        -         2 is current, 1 was not stopped or removed yet
 *     -       1        -         2 is gone: back to 1
 *     -       -        2         a first generation, half-made
 *
 * Where the current one does not run and another one serves: `serving.ts`.
 */
export function standing(engineName: string, containers: readonly ObservedContainer[]): Standing {
  const newestFirst = [...containers].sort((a, b) => b.generation - a.generation || (a.id < b.id ? -1 : 1));
  const ofPhase = (phase: ObservedContainer['phase']) => newestFirst.filter((c) => c.phase === phase);
  const failed = ofPhase('failed');
  const latest = newestFirst[0]?.generation ?? 0;
  const result = (current: ObservedContainer | null, rescue: Standing['rescue']): Standing => ({
    current,
    rescue,
    displaced: null,
    leftovers: newestFirst.filter((c) => c !== current && c.phase !== 'failed'),
    failed,
    latest,
  });

  const currents = ofPhase('current');
  const named = currents.find(
    (c) => c.engineName === engineName || c.engineName === currentName(c, engineName),
  );
  if (named !== undefined) return result(named, null);
  const old = ofPhase('old')[0];
  const next = ofPhase('next')[0];
  if (old !== undefined && next !== undefined && next.generation > old.generation)
    return result(next, 'finish');
  const renamed = currents[0];
  if (renamed !== undefined) return result(renamed, 'renamed');
  if (old !== undefined) return result(old, 'restore');
  return result(null, null);
}
