import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { Times } from '../compiler/journal/times.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import type { Engine } from '../runtime/engine.ts';
import type { JournalReader } from '../runtime/journal/fetch-journal.ts';

/**
 * What was observed, with what else has a say in a plan: the configurations of the balancers, and of the host's kernel what
 * becomes of a listener's queue.
 */
export async function withBalancers(
  engine: Engine,
  plan: Plan,
  observed: ObservedState,
): Promise<ObservedState> {
  // Loaded here: a plan with nothing to do never pays for any of it.
  const [{ asksEngine }, { runningBalancers }, { readBalancers }, { readMigrates }] = await Promise.all([
    import('../compiler/verdict/with-verdicts.ts'),
    import('../compiler/balancer/running.ts'),
    import('../runtime/read-balancers.ts'),
    import('../runtime/read-migrates.ts'),
  ]);
  const running = asksEngine(plan) ? runningBalancers(observed) : [];
  const [balancers, migrates] = await Promise.all([
    readBalancers(engine, running),
    readMigrates(engine, plan, observed),
  ]);
  return running.length === 0 && migrates === null ? observed : { ...observed, balancers, migrates };
}

/** What earlier applies have measured, by `application/container`; read only for a plan in which that has a say. */
export async function knownTimes(plan: Plan, read: JournalReader): Promise<ReadonlyMap<string, Times>> {
  const [{ asksEngine }, { timesOf }] = await Promise.all([
    import('../compiler/verdict/with-verdicts.ts'),
    import('../compiler/journal/times.ts'),
  ]);
  const records = asksEngine(plan) ? await read() : null;
  return timesOf((records ?? []).flatMap((record) => (record.type === 'operation' ? [record] : [])));
}

/** A plan with what its changes do to requests. */
export async function judged(
  plan: Plan,
  seen: {
    readonly desired: DesiredState;
    readonly observed: ObservedState;
    readonly times: ReadonlyMap<string, Times>;
  },
): Promise<Plan> {
  const { withVerdicts } = await import('../compiler/verdict/with-verdicts.ts');
  return withVerdicts(plan, seen);
}
