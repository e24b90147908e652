import type { Revision } from '../journal/revisions.ts';

/** A migration that a revision has run, and that the file did not call `reversible`. */
export interface CrossedMigration {
  readonly revision: number;
  /** `application/container`. */
  readonly container: string;
}

/**
 * What a way back to a revision leaves behind it: migrations of later ones that came to their end. One that did not left the
 * old code serving on what its migration had made.
 */
export function crossedMigrations(
  revisions: readonly Revision[],
  target: number,
): readonly CrossedMigration[] {
  return revisions.flatMap(({ revision, end, steps }) => {
    if (revision <= target || end?.result !== 'done') return [];
    return steps.flatMap(({ op, result }) => {
      const { kind, container, reversible }: { kind?: unknown; container?: unknown; reversible?: unknown } =
        op;
      if (kind !== 'migration.run' || result !== 'done' || reversible === true) return [];
      return typeof container === 'string' ? [{ revision, container }] : [];
    });
  });
}
