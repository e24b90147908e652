import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import type { Connection } from './connection.ts';

/** A plan with what its changes do to requests. The balancers are read only where one has a say; offline nobody is. */
export async function judged(
  connection: Connection | null,
  plan: Plan,
  { desired, observed }: { readonly desired: DesiredState; readonly observed: ObservedState },
): Promise<Plan> {
  if (connection === null) return plan;
  // Loaded here: a plan with nothing to do never pays for any of it.
  const [{ asksBalancers, withVerdicts }, { runningBalancers }, { readBalancers }] = await Promise.all([
    import('../compiler/verdict/with-verdicts.ts'),
    import('../compiler/balancer/running.ts'),
    import('../runtime/read-balancers.ts'),
  ]);
  const balancers = asksBalancers(plan) ? runningBalancers(observed) : [];
  return withVerdicts(plan, desired, observed, await readBalancers(connection.engine, balancers));
}
