import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import type { PlannedCount, PlanRequest } from '../plan/plan.ts';
import { follows } from '../scale/spec-counts.ts';
import type { Decided } from './decide.ts';
import { asItIs } from './heal.ts';

/** Narrows decisions to other numbers of instances (ADR 0024); without them they stand. What is there already stays as it is. */
export function decideScaling(
  decided: readonly Decided[],
  { scale }: Pick<PlanRequest, 'scale'>,
): readonly Decided[] {
  if (scale === undefined) return decided;
  const scaled = new Set<ContainerKey>(scale.containers);
  return decided.flatMap((one) => {
    const comes = scaled.has(one.container.key) && one.decision === 'create';
    return comes ? [one] : (asItIs(one) ?? []);
  });
}

/** How many instances scaled containers have by the plan, and who said so; in the order of the work. */
export function plannedCounts({ containers }: Pick<DesiredState, 'containers'>): readonly PlannedCount[] {
  return containers.flatMap(({ key, name, application, instances, scale }) =>
    scale === null
      ? []
      : [
          {
            container: key,
            application,
            name,
            count: instances.length,
            min: scale.min,
            max: scale.max,
            follows: follows(scale),
            set: scale.set,
          },
        ],
  );
}
