import type { Listing, Sought } from '../balancer/tellers.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import type { Times } from '../journal/times.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import { groupBy } from '../group-by.ts';
import type { Operation } from '../plan/operation.ts';
import type { Plan } from '../plan/plan.ts';
import type { Judge } from './instance-balancers.ts';

/** What a plan is judged with. */
export interface PlanSeen {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly observed: ObservedState;
  readonly judges: readonly Judge[];
  /** What earlier applies have measured, by `application/container`. */
  readonly times: ReadonlyMap<string, Times>;
  /** Finds the haproxys that list an instance over TCP. */
  readonly find: (sought: Sought) => Listing;
}

/** What the facts of all changes of a plan are taken from; what each change would look for is here once. */
export interface PlanScene extends PlanSeen {
  /** By the change that they belong to. */
  readonly operations: ReadonlyMap<string, readonly Operation[]>;
  /** How many instances of the file mount what, by its source. */
  readonly mounters: ReadonlyMap<string, number>;
}

/** Looks through a plan and its file once. */
export function planScene(seen: PlanSeen): PlanScene {
  const operations = groupBy(seen.plan.nodes, ({ group }) => group);
  return {
    ...seen,
    operations: new Map([...operations].map(([group, nodes]) => [group, nodes.map(({ op }) => op)])),
    mounters: mountersOf(seen.desired),
  };
}

function mountersOf({ containers }: DesiredState): ReadonlyMap<string, number> {
  const mounters = new Map<string, number>();
  for (const { instances } of containers) {
    for (const { spec } of instances) {
      for (const source of new Set(spec.mounts.map((mount) => mount.source)))
        mounters.set(source, (mounters.get(source) ?? 0) + 1);
    }
  }
  return mounters;
}
