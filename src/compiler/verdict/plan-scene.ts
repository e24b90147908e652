import type { Listing, Sought } from '../balancer/tellers.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import type { Times } from '../journal/times.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { Plan } from '../plan/plan.ts';
import type { Judge } from './instance-balancers.ts';

/** What the facts of all changes of a plan are taken from. */
export interface PlanScene {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  readonly judges: readonly Judge[];
  /** What earlier applies have measured, by `application/container`. */
  readonly times: ReadonlyMap<string, Times>;
  /** Finds the haproxys that list an instance over TCP. */
  readonly find: (sought: Sought) => Listing;
}
