import type { Revision } from '../journal/revisions.ts';

/** A migration that a revision has run, and that the file did not call `reversible`. */
export interface CrossedMigration {
  readonly revision: number;
  /** `application/container`. */
  readonly container: string;
}

/**
 * What a way back to a revision leaves behind it: migrations that later ones have begun, up to the last that came to its end.
 * Those after that left the old code serving on what a migration has made.
 */
export function crossedMigrations(
  revisions: readonly Revision[],
  target: number,
): readonly CrossedMigration[] {
  const lastDone = Math.max(
    0,
    ...revisions.map(({ revision, end }) => (end?.result === 'done' ? revision : 0)),
  );
  return revisions.flatMap(({ revision, steps }) => {
    if (revision <= target || revision > lastDone) return [];
    return steps.flatMap(({ op, result }) => {
      const { kind, container, reversible }: { kind?: unknown; container?: unknown; reversible?: unknown } =
        op;
      if (kind !== 'migration.run' || result === 'left' || result === 'failed' || reversible === true)
        return [];
      return typeof container === 'string' ? [{ revision, container }] : [];
    });
  });
}
