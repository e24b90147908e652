import { crossedMigrations } from '../../compiler/revision/crossed-migrations.ts';
import type { KeptRevision } from '../../compiler/revision/kept-revisions.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { demandStored, type Kept } from './kept.ts';

/** Fails with 1 where a migration that is not `reversible` lies between a revision and now, or nobody can tell. */
export async function demandNoneCrossed(kept: Kept, target: KeptRevision): Promise<void> {
  const { revisions } = kept;
  const { revision } = target;
  if (revisions === null || !revisions.some((one) => one.revision === revision)) {
    if (!(await mayMigrate(kept, target))) return;
    const why =
      revisions === null
        ? 'the journal cannot be read (is its agent there?)'
        : 'the journal does not go back so far';
    throw new CommandFailure(
      exitCode.failed,
      `${why}: whether a migration has run since revision ${revision}, and its version works on the data, nobody can tell`,
      ACROSS,
    );
  }
  const crossed = crossedMigrations(revisions, revision);
  if (crossed.length === 0) return;
  throw new CommandFailure(
    exitCode.failed,
    `between revision ${revision} and now the data was migrated, and its version may not work on it any more`,
    `${ACROSS}; \`migration: {reversible: true}\` says so beforehand`,
    crossed.map(
      (one) =>
        `revision ${one.revision} ran the migration of ${one.container}, which is not called \`reversible\``,
    ),
  );
}

const ACROSS = 'where it does, `--across-migrations` goes back all the same, and leaves the data as it is';

/** Whether there is a migration at all, in the file of then or in the one of now. */
async function mayMigrate(kept: Kept, target: KeptRevision): Promise<boolean> {
  const now = kept.begun ?? kept.good[0] ?? target;
  const [then, newest] = await Promise.all([demandStored(kept, target), demandStored(kept, now)]);
  return [then, newest].some(({ content }) => content.source.includes('"migration":'));
}
