import { healingsSince, withoutUpkeep } from '../../compiler/heal/settled.ts';
import { labels } from '../../compiler/labels.ts';
import { revisionsOf, type Revision } from '../../compiler/journal/revisions.ts';
import {
  begunRevisions,
  isWhole,
  keptRevisions,
  type KeptRevision,
} from '../../compiler/revision/kept-revisions.ts';
import { isOfWholeFile, type StoredRevision } from '../../compiler/revision/stored-revision.ts';
import type { Engine } from '../../runtime/engine.ts';
import { fetchJournalIfAny } from '../../runtime/journal/fetch-journal.ts';
import { observedKept } from '../../runtime/observe.ts';
import { readRevision } from '../../runtime/revisions/stored.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/** What there is to go back to, and to go on with. */
export interface Kept {
  readonly stack: string;
  readonly engine: Engine;
  /** The stack file's; null where none was named. */
  readonly folder: string | null;
  /** Those that can be gone back to, newest first. */
  readonly good: readonly KeptRevision[];
  /** The one that was begun last, where it is newer than these: it was cut off, failed, or was a part only. */
  readonly begun: KeptRevision | null;
  /** Of the journal, oldest first, without healings and scalings; null where nobody can tell. */
  readonly revisions: readonly Revision[] | null;
  /** Of the journal, oldest first: those since the last apply. */
  readonly healings: readonly Revision[];
  /** All of the journal, oldest first; null where nobody can tell. */
  readonly history: readonly Revision[] | null;
}

/** Looks at what is kept of a stack. Fails with 1 where no container of the stack is on the engine. */
export async function keptOf(context: CommandContext, file: string | undefined): Promise<Kept> {
  const { stack, spec, loaded } = await namedStack(context, file);
  const { engine } = await context.connect();
  const rows = await engine.listContainers([`${labels.stack}=${stack}`]);
  if (rows.length === 0) {
    if (spec === null) await demandStack(engine, stack);
    throw new CommandFailure(
      exitCode.failed,
      `no container of stack \`${stack}\` is on this engine: it was never applied here, or it was destroyed`,
      '`stack apply` applies its stack file, `stack destroy` removes what is left of it',
    );
  }
  const agents = rows.filter((row) => row.labels[labels.role] === 'agent');
  const records = await fetchJournalIfAny(engine, agents);
  const kept = observedKept(rows);
  const all = records === null ? null : revisionsOf(records);
  const revisions = all === null ? null : withoutUpkeep(all);
  const named = keptRevisions(stack, kept);
  const [newest = null] = begunRevisions(stack, kept);
  const begun = newest !== null && newest.revision > (named[0]?.revision ?? 0) ? newest : null;
  // Cut off between its last operation and being named so.
  const isGood = begun !== null && (await isWholeFile({ engine }, begun, revisions));
  return {
    stack,
    engine,
    folder: loaded?.folder ?? null,
    good: isGood ? [begun, ...named] : named,
    begun: isGood ? null : begun,
    revisions,
    healings: healingsSince(all ?? []),
    history: all,
  };
}

async function isWholeFile(
  { engine }: Pick<Kept, 'engine'>,
  { id, revision }: KeptRevision,
  revisions: Kept['revisions'],
): Promise<boolean> {
  if (!isWhole(revisions?.find((one) => one.revision === revision))) return false;
  const stored = await readRevision(engine, id);
  return 'content' in stored && isOfWholeFile(stored);
}

/** What a revision was made from. Fails with 1, and this help, where that cannot be read. */
export async function demandStored(
  { engine }: Pick<Kept, 'engine'>,
  { id, revision, engineName }: KeptRevision,
  help = `it is in the container \`${engineName}\`; nothing was done`,
): Promise<StoredRevision> {
  const found = await readRevision(engine, id);
  if ('content' in found) return found;
  throw new CommandFailure(
    exitCode.failed,
    `what revision ${revision} was made from cannot be used: ${found.reason}`,
    help,
  );
}

/** Why there is nothing to go back to, as far as that is known. */
export function noneKept(revisions: Kept['revisions']): string {
  const since = (revisions ?? []).findLastIndex((one) => one.command === 'destroy' && isWhole(one)) + 1;
  const isNone = revisions !== null && !revisions.slice(since).some(isWhole);
  return isNone ? 'no apply has come to its end so far' : 'none that came to its end is kept on the engine';
}
