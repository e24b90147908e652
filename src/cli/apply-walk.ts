import { randomUUID } from 'node:crypto';

import { imagesAtBegin } from '../compiler/cleanup/images-at-begin.ts';
import { isUpkeep } from '../compiler/heal/settled.ts';
import { goesBack } from '../compiler/journal/goes-back.ts';
import { revisionsOf } from '../compiler/journal/revisions.ts';
import { agentAtHand, agentName } from '../compiler/reconcile/agents.ts';
import { countsOf } from '../compiler/scale/spec-counts.ts';
import { newestKept } from '../compiler/revision/kept-revisions.ts';
import type { StoredSelection } from '../compiler/revision/stored-revision.ts';
import { agentImage } from '../runtime/agent/agent-image.ts';
import { secretValues } from '../runtime/mask-secrets.ts';
import type { ApplyBegin } from '../runtime/journal/apply-journal.ts';
import { leaseOptions } from './apply-begin.ts';
import type { CommandContext } from './io.ts';
import type { PlannedStack } from './plan-stack.ts';
import { SCALER } from './render/scale.ts';
import type { ProveFlags } from './prove.ts';
import { walkPlan, type Walk } from './walk-plan.ts';

/** What an apply is walked with besides its plan. */
export interface WalkedAs {
  readonly begin: ApplyBegin;
  readonly selection: StoredSelection;
  /** The command that goes on with it, should it not come to its end. */
  readonly again: string;
  /** When the engine was looked at for the plan, by the clock. */
  readonly observedAtMs: number;
  /** How long somebody else who changes the stack is waited for. */
  readonly lockTimeoutS: number;
}

/** The agent that writes the journal where the plan brings none up; null: none does. */
export function atHand({
  plan: { stack },
  observed,
}: Pick<PlannedStack, 'plan' | 'observed'>): string | null {
  return agentAtHand(stack, observed, agentImage().tag);
}

/** Whether the agent does it: nobody else heals, and what it scales it does in its own name. */
function isByItself({ command, user }: Pick<ApplyBegin, 'command' | 'user'>): boolean {
  return command === 'heal' || (command === 'scale' && user === SCALER);
}

/** A plan with all that an apply of it takes: where it is written down, what is kept of it, and its lock. */
export async function applyWalk(
  context: CommandContext,
  { plan, desired, loaded, observed, inputs, auth, connection, journal }: PlannedStack,
  { begin, selection, again, observedAtMs, lockTimeoutS }: WalkedAs,
): Promise<Walk> {
  if (connection === null) throw new Error('nothing is applied without an engine');
  // Loaded here: a plan with nothing to do never pays for any of it.
  const [{ storedRevision }, { keepOptions }, { DeployResults }] = await Promise.all([
    import('./revisions/store.ts'),
    import('./revisions/keep-options.ts'),
    import('../runtime/notify/deploy-result.ts'),
  ]);
  const { stack } = plan;
  const counts = countsOf(loaded.spec);
  const applyId = randomUUID();
  const agent = agentName(stack, 'stack');
  const stored = await storedRevision({ loaded, inputs, observed }, selection);
  const revisions = revisionsOf((await journal?.()) ?? []);
  const isBack = goesBack(begin, revisions);
  const keep = keepOptions(
    { stack, stored, agent },
    { isBack, keep: loaded.spec.keep, kept: observed.kept, revisions },
  );
  const hooksOf = async (): Promise<Pick<Walk, 'hooks'>> => {
    if (plan.hooks.length === 0) return {};
    const { hookWorld } = await import('./hooks/hook-world.ts');
    return { hooks: await hookWorld(context, { plan, connection, begin, revisions }, loaded) };
  };
  const buildsOf = async (): Promise<Pick<Walk, 'builds'>> => {
    if (plan.nodes.every(({ op }) => op.kind !== 'image.build')) return {};
    const { dockerEnvironment } = await import('../runtime/build/docker-words.ts');
    return { builds: { folder: loaded.folder, env: dockerEnvironment(context.options, context.io.env) } };
  };
  return {
    plan,
    desired,
    engine: connection.engine,
    auth,
    secrets: secretValues(inputs),
    journal: {
      applyId,
      agent: atHand({ plan, observed }),
      begin: { ...begin, ...(counts.length === 0 ? {} : { counts }) },
      above: newestKept(observed.kept),
      images: imagesAtBegin(observed, desired),
    },
    // What is healed or scaled was kept when it was applied.
    ...(isUpkeep(begin.command) ? {} : { keep }),
    lease: leaseOptions(context, applyId, begin, { agent, observedAtMs, timeoutMs: lockTimeoutS * 1000 }),
    wording: { completed: 'Applied', command: again, byItself: isByItself(begin) },
    results: new DeployResults(plan, desired, { command: begin.command, isBack }),
    ...(await hooksOf()),
    ...(await buildsOf()),
  };
}

/** Walks it, with requests through the front door where they are asked for, and tells whoever wants to know what came of it. */
export async function walkApply(
  context: CommandContext,
  walk: Walk,
  prove: ProveFlags | null,
): Promise<number> {
  const startedAtMs = context.io.clock.now();
  const code = await walkOrProve(context, walk, prove);
  await tell(context, walk, startedAtMs);
  if (walk.hooks !== undefined) {
    const { runLastHook } = await import('./hooks/last-hook.ts');
    await runLastHook(context, walk, walk.hooks, { code, startedAtMs });
  }
  return code;
}

async function walkOrProve(context: CommandContext, walk: Walk, prove: ProveFlags | null): Promise<number> {
  if (prove === null) return walkPlan(context, walk);
  const { walkWithProof } = await import('./prove.ts');
  return walkWithProof(context, walk, prove);
}

async function tell(
  context: CommandContext,
  { plan: { stack }, engine, journal, results }: Walk,
  startedAtMs: number,
): Promise<void> {
  const all = results?.all() ?? [];
  if (all.length === 0 || results === undefined || journal === null) return;
  const { notifyAll } = await import('./notify.ts');
  const { begin } = journal;
  await notifyAll(context, all, { stack, engine, begin, revision: results.revision, startedAtMs });
}
