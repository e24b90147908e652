import type { DesiredContainer } from '../desired/desired-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { runs } from './cover.ts';
import type { Decided } from './decide.ts';
import { STAYING } from './mode-table.ts';
import { turnOf } from './replace.ts';
import type { RollScope } from './replace.ts';
import { addSteps, letGo } from './steps.ts';
import { existing } from './turn.ts';

/**
 * The instances of a container that are replaced, one batch after the other: by their number, but stop-first those come first
 * on whom balancers may not count, since the others serve until these do again. An apply that was cut off has waited for all
 * but the last one to which it came.
 */
export function replacedInTurn(
  { strategy: { order } }: DesiredContainer,
  own: readonly Decided[],
): readonly Decided[] {
  const replacing = own.filter(({ decision }) => decision === 'replace');
  if (order === 'start-first') return replacing;
  const startedAt = ({ standing: { current } }: Decided) => current?.startedAt ?? '';
  return replacing.toSorted((a, b) => {
    const by = reliance(a) - reliance(b);
    if (by !== 0 || reliance(a) !== 2) return by;
    return startedAt(a) < startedAt(b) ? 1 : startedAt(a) > startedAt(b) ? -1 : 0;
  });
}

/** How much balancers may count on an instance: it does not run, its path may be away, it may just have come back, or it serves. */
function reliance(one: Decided): 0 | 1 | 2 | 3 {
  const { current, leftovers } = one.standing;
  if (current === null || !runs(one)) return 0;
  if (letGo(current) || leftovers.some(({ phase }) => phase === 'next')) return 1;
  return isHalfDone(one) ? 2 : 3;
}

/**
 * Instances that stay as they are made, on whom balancers may not count yet: nobody else is to leave before they do. One that
 * does not run is among them only where somebody else is to leave.
 */
export function settledFirst(
  { strategy: { order } }: DesiredContainer,
  own: readonly Decided[],
): readonly Decided[] {
  if (order === 'start-first') return [];
  const isAnyReplaced = own.some(({ decision }) => decision === 'replace');
  return own.filter((one) =>
    one.decision === 'start'
      ? isAnyReplaced
      : STAYING.has(one.decision) && one.decision !== 'reload' && isHalfDone(one),
  );
}

/** Waits, behind `after`, until balancers count on an instance that stays, while others serve that are replaced next. */
export function awaitCounted(
  builder: PlanBuilder,
  decided: Decided,
  after: readonly NodeId[],
  scope: RollScope,
  own: readonly Decided[],
): readonly NodeId[] {
  const { instance, decision, standing } = decided;
  const { current } = standing;
  const others = own.filter((one) => one !== decided && runs(one));
  // A held one is not as the file says, and nobody else of its container is replaced but by name.
  if (current === null || decision === 'hold' || others.length === 0) return after;
  const { generation } = current;
  const comes = { replaced: null, next: existing(current), generation, hasForerunners: false };
  const turn = { ...turnOf(decided, comes, scope, others), cover: 'siblings' } as const;
  return addSteps(builder, instance.key, ['await-balancer', 'await-proxies'], turn, after, null);
}

/** An apply was cut off before all of it was said and done. */
function isHalfDone({ standing: { leftovers, rescue } }: Decided): boolean {
  return leftovers.length > 0 || rescue !== null;
}
