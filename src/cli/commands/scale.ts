import { isSettled } from '../../compiler/heal/settled.ts';
import type { SetCount } from '../../compiler/journal/record.ts';
import { isPending } from '../../compiler/plan/plan.ts';
import { setCounts } from '../../compiler/scale/set-counts.ts';
import { withCounts } from '../../compiler/scale/spec-counts.ts';
import type { StackSpec } from '../../compiler/spec/stack-spec.ts';
import { whoAsks } from '../apply-begin.ts';
import { applyPlan, type WalkFlags } from '../apply-plan.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { planLoaded, type PlannedStack } from '../plan-stack.ts';
import { SCALER } from '../render/scale.ts';
import { demandHarmless, demandOwnAgent } from '../revisions/harmless.ts';
import { demandStored, keptOf, noneKept, type Kept } from '../revisions/kept.ts';
import { loadRevision, revisionInputs } from '../revisions/restore.ts';
import { askedCounts, type AskedCount } from '../scale/asked-counts.ts';
import type { FileFlag } from '../usage.ts';

/** What `stack scale` is asked for. */
export type ScaleFlags = FileFlag &
  Pick<WalkFlags, 'requireZeroDowntime' | 'lockTimeoutS'> & {
    /** Whether the agent asks, which has asked nobody; and why. */
    readonly byAgent: boolean;
    /** How many there must be now, or nothing is done; null: however many. */
    readonly from: number | null;
    readonly why: string | null;
  };

/**
 * `stack scale NAME=N…`: gives containers of the revision that runs another number of instances, within `min` and `max` of their
 * `scale`, and changes nothing else (ADR 0024). Exit code 0, 1, 64, 75, 130 or 143.
 */
export async function scale(
  context: CommandContext,
  words: readonly string[],
  { file, byAgent, from: known, why, requireZeroDowntime, lockTimeoutS }: ScaleFlags,
): Promise<number> {
  const sinceMs = context.io.clock.now();
  const kept = await keptOf(context, file);
  const [revision] = kept.good;
  if (revision === undefined || !isSettled(revision, kept.revisions)) {
    const holder = await holderAmong(kept);
    if (holder === null) throw unsettled(kept);
    const already = `somebody else changes stack \`${kept.stack}\`: ${holder}`;
    return outrun(context, byAgent, already, 'run the command again afterwards');
  }
  const stored = await demandStored(kept, revision);
  const connection = await context.connect();
  const number = revision.revision;
  const loaded = await loadRevision(stored.content, number, kept.folder ?? context.io.cwd);
  const spec = withCounts(loaded.spec, setCounts(kept.history ?? []));
  if (words.length === 0)
    throw new CommandFailure(
      exitCode.usage,
      'which container is to have how many instances is not said',
      'write the name as in the file and a number: `stack scale app=4`',
    );
  const asked = askedCounts(words, spec, byAgent ? null : sinceMs);
  const other = asked.find((one) => known !== null && one.from !== known);
  if (other !== undefined)
    return outrun(context, byAgent, `\`${other.name}\` has ${other.from} instances by now, not ${known}`);
  const engineHost = byAgent ? (await kept.engine.facts()).host : null;
  const who = engineHost === null ? whoAsks(context.io.env) : { user: SCALER, host: engineHost };
  const counted = {
    ...loaded,
    spec: withAsked(spec, asked, { by: who.user, at: Math.round(sinceMs), why }),
    isCounted: true,
  };
  const inputs = revisionInputs(stored.content, loaded, { revision: number, named: [] });
  const selection = { include: [], force: [], only: [], allowRemoveAll: false };
  const steps = asked.map(({ name, from, to }) => `${name} ${from} → ${to}`).join(', ');
  return applyPlan(
    context,
    {
      plan: (askRegistry) =>
        planLoaded(context, counted, connection, {
          ...selection,
          skipHooks: true,
          askRegistry,
          offline: false,
          scale: { containers: asked.map(({ container }) => container) },
          given: { inputs, migrations: false, goesOn: false, goesBack: false },
        }),
      command: 'scale',
      of: number,
      selection,
      migrations: false,
      // By then it may be about other numbers.
      replans: false,
      isKept: asked.some(({ from, to }) => from !== to),
      question: byAgent ? null : (stack) => `Scale stack \`${stack}\`: ${steps}? Type \`yes\`:`,
      again: `stack scale ${asked.map(({ name, to }) => `${name}=${to}`).join(' ')}`,
      who,
      sinceMs,
      demandPlanned: (planned) => Promise.resolve(demandScaling(context, planned, byAgent)),
    },
    { prove: null, requireZeroDowntime, lockTimeoutS, detach: false, engineSocket: null },
  );
}

function demandScaling(context: CommandContext, planned: PlannedStack, byAgent: boolean): void {
  demandHarmless(planned, 'the number of instances cannot be changed');
  if (byAgent) demandOwnAgent(planned, 'a scaling');
  if (!planned.plan.changes.some(isPending)) writeNote(context, 'there are as many already');
}

function withAsked(
  spec: StackSpec,
  asked: readonly AskedCount[],
  set: Pick<SetCount, 'by' | 'at' | 'why'>,
): StackSpec {
  const wanted = new Map(asked.map((one) => [one.container, one]));
  const applications = spec.applications.map((application) => ({
    ...application,
    containers: application.containers.map((container) => {
      const one = wanted.get(container.key);
      if (one === undefined || one.to === container.count) return container;
      const { from, to } = one;
      const first = container.set === null ? { first: true as const } : {};
      return { ...container, count: to, set: { container: container.key, from, to, ...set, ...first } };
    }),
  }));
  return { ...spec, applications };
}

/** Somebody else was first: 75. To the agent, which tries again by itself, that is no error. */
function outrun(
  context: CommandContext,
  byAgent: boolean,
  words: string,
  help: string | null = null,
): number {
  if (!byAgent) throw new CommandFailure(exitCode.locked, words, help);
  writeNote(context, words);
  return exitCode.locked;
}

/** Who is at the last apply, in words; null: nobody. */
async function holderAmong({ engine, stack, revisions }: Kept): Promise<string | null> {
  if (revisions?.at(-1)?.end !== null) return null;
  const [{ lastApply }, { holderWords }, { observe }] = await Promise.all([
    import('../last-apply.ts'),
    import('../render/holder.ts'),
    import('../../runtime/observe.ts'),
  ]);
  const last = await lastApply(engine, stack, await observe(engine, stack, []));
  return last === null || last.holder === null ? null : holderWords(last.holder);
}

/** Nobody can tell what should run. */
function unsettled({ stack, good, begun, revisions }: Kept): CommandFailure {
  const last = revisions?.at(-1);
  if (last?.command === 'destroy')
    return new CommandFailure(
      exitCode.failed,
      `stack \`${stack}\` was being destroyed: nothing is scaled`,
      '`stack destroy` goes on with that',
    );
  if (revisions === null && good.length > 0)
    return new CommandFailure(
      exitCode.failed,
      `the journal of stack \`${stack}\` cannot be read: nobody can tell how many instances there should be`,
      '`stack apply` brings back the agent that keeps it',
    );
  const nothing = 'nothing is scaled until one comes to its end';
  if (last?.end?.result === 'failed')
    return new CommandFailure(
      exitCode.failed,
      `the last apply of stack \`${stack}\` failed: ${nothing}`,
      '`stack abort` ends it with the version that it came from; `stack apply` tries the new one again',
    );
  if (last?.end?.result === 'done' && begun !== null)
    return new CommandFailure(
      exitCode.failed,
      `the last apply of stack \`${stack}\` was of a part of it: nothing is scaled until one is of all of it`,
      '`stack apply` applies the whole stack file',
    );
  return good.length === 0 && begun === null
    ? new CommandFailure(
        exitCode.failed,
        `nothing says what should run of stack \`${stack}\`: ${noneKept(revisions)}`,
        '`stack apply` applies its stack file',
      )
    : new CommandFailure(
        exitCode.failed,
        `the last apply of stack \`${stack}\` did not come to its end: ${nothing}`,
        '`stack resume` goes on with it, `stack abort` takes it back',
      );
}
