import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import type { Connection } from './connection.ts';

/** A plan with what its changes do to requests. Balancers and journal are read only where they have a say; offline nobody is. */
export async function judged(
  connection: Connection | null,
  plan: Plan,
  { desired, observed }: { readonly desired: DesiredState; readonly observed: ObservedState },
): Promise<Plan> {
  if (connection === null) return plan;
  // Loaded here: a plan with nothing to do never pays for any of it.
  const [{ asksEngine, withVerdicts }, { runningBalancers }, { readBalancers }, { fetchTimes }] =
    await Promise.all([
      import('../compiler/verdict/with-verdicts.ts'),
      import('../compiler/balancer/running.ts'),
      import('../runtime/read-balancers.ts'),
      import('../runtime/journal/fetch-times.ts'),
    ]);
  const asks = asksEngine(plan);
  const [texts, times] = await Promise.all([
    readBalancers(connection.engine, asks ? runningBalancers(observed) : []),
    asks ? fetchTimes(connection.engine, observed) : new Map<string, never>(),
  ]);
  return withVerdicts(plan, { desired, observed, texts, times });
}
