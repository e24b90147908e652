import type { Revision } from '../compiler/journal/revisions.ts';
import type { Engine } from '../runtime/engine.ts';
import { within } from '../runtime/within.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

/** A plan or a status is worth more than knowing how the last apply ended. */
const LIMIT_MS = 1_000;

/** The last apply of a stack, where it has no end; null where it has, or nobody can tell. */
export async function unfinishedApply(
  engine: Pick<Engine, 'fetchFile'>,
  agents: readonly { readonly id: string }[],
): Promise<Revision | null> {
  if (agents.length === 0) return null;
  const [{ fetchJournalIfAny }, { revisionsOf }] = await Promise.all([
    import('../runtime/journal/fetch-journal.ts'),
    import('../compiler/journal/revisions.ts'),
  ]);
  const records = await within(LIMIT_MS, fetchJournalIfAny(engine, agents), () => null);
  const last = revisionsOf(records ?? []).at(-1);
  return last === undefined || last.end !== null ? null : last;
}

/** One line for people where an apply has no end. */
export async function noteUnfinished(context: CommandContext, revision: Revision | null): Promise<void> {
  if (revision === null) return;
  const { second, whereOf, whoOf } = await import('./render/history.ts');
  writeNote(
    context,
    `apply ${revision.revision} (${second(revision.atMs)}, ${whoOf(revision)}) was cut off ${whereOf(revision)}, or goes on: ` +
      '`stack apply` takes it up, `stack history ' +
      `${revision.revision}\` tells how far it came`,
  );
}

/** The same for programs. */
export async function unfinishedJson(revision: Revision | null): Promise<object | null> {
  if (revision === null) return null;
  const { cutOffAt } = await import('../compiler/journal/revisions.ts');
  const { atMs, user, host } = revision;
  const at = new Date(atMs).toISOString();
  return { revision: revision.revision, at, user, host, cut_off_at: cutOffAt(revision) };
}
