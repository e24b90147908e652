import { isSettled } from '../../compiler/heal/settled.ts';
import { rosterOf } from '../../compiler/heal/roster.ts';
import { setCounts } from '../../compiler/scale/set-counts.ts';
import { withCounts, withMost } from '../../compiler/scale/spec-counts.ts';
import { isPending } from '../../compiler/plan/plan.ts';
import { applyPlan } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { demandNames, specNames } from '../names.ts';
import { writeData, writeNote } from '../output.ts';
import { planLoaded, type PlannedStack } from '../plan-stack.ts';
import { demandStored, keptOf, noneKept, type Kept } from '../revisions/kept.ts';
import { demandHarmless, demandOwnAgent } from '../revisions/harmless.ts';
import { loadRevision, revisionInputs } from '../revisions/restore.ts';
import type { FileFlag } from '../usage.ts';

/** What `stack heal` is asked for. */
export interface HealFlags extends FileFlag {
  /** Instances that run, and are replaced all the same. */
  readonly replace: readonly string[];
  /** Who asks; null: whoever runs the command. */
  readonly by: string | null;
  /** Only tells which instances are to be watched, as JSON; `null` where nothing says so. */
  readonly roster: boolean;
}

/**
 * `stack heal [NAME…]`, for the agent: brings back what died or was removed of the revision that runs, and nothing else of it
 * (ADR 0023). Exit code 0 (also where nothing is wrong), 1, or 75 while somebody else changes the stack: nobody is waited for.
 */
export async function heal(
  context: CommandContext,
  names: readonly string[],
  { file, replace, by, roster }: HealFlags,
): Promise<number> {
  const kept = await keptOf(context, file);
  const [revision] = kept.good;
  if (roster && revision === undefined) {
    // The first apply goes on: that is no error, and nobody is watched yet.
    writeData(context, 'null\n');
    return exitCode.done;
  }
  demandRevision(kept);
  if (revision === undefined) return exitCode.failed;
  const stored = await demandStored(kept, revision);
  const connection = await context.connect();
  const loaded = await loadRevision(stored.content, revision.revision, kept.folder ?? context.io.cwd);
  const number = revision.revision;
  if (roster) {
    const counts = setCounts(kept.history ?? []);
    const watched = rosterOf(withCounts(loaded.spec, counts), number, kept.healings);
    writeData(context, `${JSON.stringify(watched)}\n`);
    return exitCode.done;
  }
  // One that went with a scaling just now is nothing to heal, and no mistake.
  const known = specNames(withMost(loaded.spec));
  demandNames('', names, known);
  demandNames('--replace', replace, known);
  const selection = { include: [], force: replace, only: [], allowRemoveAll: false };
  const asMade = !isSettled(revision, kept.revisions);
  const inputs = revisionInputs(stored.content, loaded, { revision: number, named: [] });
  const host = by === null ? null : (await kept.engine.facts()).host;
  return applyPlan(
    context,
    {
      plan: (askRegistry) =>
        planLoaded(context, loaded, connection, {
          ...selection,
          skipHooks: true,
          askRegistry,
          offline: false,
          heal: { names, asMade },
          given: { inputs, migrations: false, goesOn: false, goesBack: false },
        }),
      command: 'heal',
      of: number,
      selection,
      migrations: false,
      replans: false,
      question: null,
      again: 'stack heal',
      ...(by === null || host === null ? {} : { who: { user: by, host } }),
      demandPlanned: (planned) => Promise.resolve(demandHealing(context, planned)),
    },
    { prove: null, requireZeroDowntime: false, lockTimeoutS: 0, detach: false, engineSocket: null },
  );
}

/** Fails with 1 where nothing says what should run. */
function demandRevision({ stack, good, revisions }: Kept): void {
  const last = revisions?.at(-1);
  if (last?.command === 'destroy')
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${stack}\` was being destroyed: nothing is healed`,
      '`stack destroy` goes on with that',
    );
  if (good.length > 0) return;
  throw new CommandFailure(
    exitCode.failed,
    `nothing says what should run of stack \`${stack}\`: ${noneKept(revisions)}`,
    '`stack apply` applies its stack file',
  );
}

/** Fails with 1 where bringing something back would take more than that. */
function demandHealing(context: CommandContext, planned: PlannedStack): void {
  demandHarmless(planned, 'what is broken cannot be healed');
  demandOwnAgent(planned, 'a healing');
  if (!planned.plan.changes.some(isPending)) writeNote(context, 'nothing to heal');
}
