import type { Listing } from '../balancer/tellers.ts';
import type { Operation } from '../plan/operation.ts';
import type { BalancerFacts } from './facts.ts';

/** By the balancer's container: told by the plan, or why it cannot be. */
export function toldOf(
  operations: readonly Operation[],
  { tellers, silent }: Listing,
): ReadonlyMap<string, Exclude<BalancerFacts['told'], null>> {
  const told = new Set(
    operations.flatMap((op) =>
      op.kind === 'balancer.point' || op.kind === 'balancer.leave' ? op.balancer : [],
    ),
  );
  return new Map<string, Exclude<BalancerFacts['told'], null>>([
    ...silent.map(({ id, why }) => [id, { why }] as const),
    ...tellers.flatMap(({ id, balancer }) => (told.has(balancer) ? [[id, 'told'] as const] : [])),
  ]);
}
