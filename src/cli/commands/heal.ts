import { isSettled } from '../../compiler/heal/settled.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { rosterOf } from '../../compiler/heal/roster.ts';
import { isPending } from '../../compiler/plan/plan.ts';
import { applyPlan } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { demandNames, specNames } from '../names.ts';
import { writeData, writeNote } from '../output.ts';
import { planLoaded, type PlannedStack } from '../plan-stack.ts';
import { demandStored, keptOf, noneKept, type Kept } from '../revisions/kept.ts';
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
    const watched = rosterOf(loaded.spec, number, kept.healings);
    writeData(context, `${JSON.stringify(watched)}\n`);
    return exitCode.done;
  }
  const known = specNames(loaded.spec);
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
      demandPlanned: (planned) => demandHarmless(context, planned),
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

/** What a healing does never: data that is gone would seem to be there, and the data would be another. */
const NEVER: readonly Operation['kind'][] = [
  'volume.create',
  'volume.remove',
  'image.build',
  'image.push',
  'migration.run',
  'hook.run',
];

/** Fails with 1 where bringing something back would take more than that. */
async function demandHarmless(context: CommandContext, { plan, observed }: PlannedStack): Promise<void> {
  const never = plan.nodes.find(({ op }) => NEVER.includes(op.kind));
  if (never !== undefined)
    throw new CommandFailure(
      exitCode.failed,
      `what is broken cannot be healed without \`${never.group}\`; nothing was done`,
      '`stack plan` shows what an apply would do, `stack apply` does it',
    );
  const running = new Set(observed.agents.filter(({ state }) => state === 'running').map(({ id }) => id));
  const replaced = plan.nodes.find(({ op }) => op.kind === 'agent.remove' && running.has(op.id));
  if (replaced !== undefined)
    throw new CommandFailure(
      exitCode.failed,
      `the \`${replaced.group}\` that runs is not this version's, and a healing replaces none; nothing was done`,
      '`stack apply` with this version replaces it',
    );
  if (!plan.changes.some(isPending)) writeNote(context, 'nothing to heal');
  return Promise.resolve();
}
