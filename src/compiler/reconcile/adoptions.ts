import type { ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId } from '../plan/plan.ts';
import { groupOf } from './record-adoptions.ts';
import { plainChange } from './plain-change.ts';

/** Removes the records whose containers are all gone when the plan is over. */
export function forgetAdoptions(
  builder: PlanBuilder,
  observed: ObservedState,
  after: readonly NodeId[],
  changes: Change[],
): void {
  const removals = new Map(
    builder.nodes.flatMap(({ id, op }) =>
      op.kind === 'container.remove' && op.target.kind === 'existing' ? [[op.target.id, id] as const] : [],
    ),
  );
  const present = new Set(observed.containers.map(({ id }) => id));
  for (const adoption of observed.adoptions) {
    const group = groupOf(adoption);
    const isWritten = adoption.isRecorded || builder.nodes.some((node) => node.group === group);
    const left = adoption.containers.filter((id) => present.has(id));
    if (!isWritten || !left.every((id) => removals.has(id))) continue;
    if (adoption.isRecorded) {
      const subject = { kind: 'adoption', name: adoption.engineName } as const;
      const reason = { kind: 'leftover', field: 'record of an adoption', from: null, to: null } as const;
      changes.push(plainChange(group, subject, 'tidy', [reason]));
    }
    const gone = left.flatMap((id) => removals.get(id) ?? []);
    const op = { kind: 'adoption.forget', name: adoption.engineName } as const;
    builder.add(group, 'forget', op, gone.length > 0 ? gone : after, 'all of them are gone');
  }
}
