import type { Revision } from '../journal/revisions.ts';
import type { ObservedKept } from '../observed/observed-state.ts';
import { revisionName } from '../names.ts';

/** A revision's container. */
export type KeptRevision = ObservedKept & { readonly revision: number };

/** Revisions that came to their end and can be gone back to, newest first. */
export function keptRevisions(stack: string, kept: readonly ObservedKept[]): readonly KeptRevision[] {
  return named(stack, kept, 'kept');
}

/** Revisions that were begun and did not come to their end, newest first. */
export function begunRevisions(stack: string, kept: readonly ObservedKept[]): readonly KeptRevision[] {
  return named(stack, kept, 'begun');
}

/** Whether all of a revision was done, even if it was cut off before that was written down. */
export function isWhole(revision: Pick<Revision, 'end' | 'steps'> | undefined): boolean {
  if (revision === undefined) return false;
  return revision.end === null
    ? revision.steps.length > 0 && revision.steps.every(({ result }) => result === 'done')
    : revision.end.result === 'done';
}

/** The highest number there is; 0 where nothing is kept. */
export function newestKept(kept: readonly ObservedKept[]): number {
  return Math.max(0, ...kept.map(({ revision }) => revision ?? 0));
}

function named(
  stack: string,
  kept: readonly ObservedKept[],
  phase: 'begun' | 'kept',
): readonly KeptRevision[] {
  return kept
    .flatMap((one) => (one.revision === null ? [] : [{ ...one, revision: one.revision }]))
    .filter(({ engineName, revision }) => engineName === revisionName(stack, revision, phase))
    .sort((a, b) => b.revision - a.revision);
}
