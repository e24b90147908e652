import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Change, Plan } from '../plan/plan.ts';
import { mountedVolumes, socketPlace } from '../reconcile/sockets.ts';
import type { ClientFacts, DependentFacts } from './facts.ts';
import type { PlanScene } from './plan-scene.ts';
import { serverOf } from './server.ts';

/** Containers that run and resolve it by a link, without the balancers, whose configuration says more. */
export function clientsOf({ observed, plan, judges }: PlanScene, engineName: string): readonly ClientFacts[] {
  const balancers = new Set(judges.map(({ balancer }) => balancer.container.id));
  const clients = new Map<string, ClientFacts>();
  for (const seen of observed.containers) {
    if (seen.role !== 'instance' || seen.state !== 'running' || balancers.has(seen.id)) continue;
    if (!(seen.spec?.links ?? []).some(({ target }) => target === engineName)) continue;
    const { program } = serverOf(seen.entrypoint ?? [], seen.command ?? []);
    clients.set(seen.container, {
      name: seen.container,
      program,
      resolvesOnce: null,
      held: isHeld(plan, seen),
    });
  }
  return [...clients.values()];
}

/** Containers that run on beside it with the same writable volumes. */
export function dependentsOf(
  { observed, plan, judges }: PlanScene,
  change: Change,
  old: ObservedContainer | null,
): readonly DependentFacts[] {
  const socket = socketPlace(old?.spec ?? null, mountedVolumes(old?.spec ?? null));
  const volumes = new Set(
    (old?.spec?.mounts ?? []).flatMap(({ type, source, readOnly }) =>
      type === 'volume' && !readOnly && source !== socket?.volume ? [source] : [],
    ),
  );
  const balancers = new Set(judges.map(({ balancer }) => balancer.container.id));
  const replaced = new Set(
    plan.changes.filter(({ action }) => action === 'replace' || action === 'remove').map(({ id }) => id),
  );
  const names = new Map<string, DependentFacts>();
  for (const seen of observed.containers) {
    const isOther = seen.container !== old?.container || seen.application !== old.application;
    if (seen.role !== 'instance' || seen.state !== 'running' || !isOther || seen.key === change.id) continue;
    if (balancers.has(seen.id) || replaced.has(seen.key)) continue;
    if (!(seen.spec?.mounts ?? []).some(({ source }) => volumes.has(source))) continue;
    names.set(seen.container, { name: seen.container, by: 'volume', held: isHeld(plan, seen) });
  }
  return [...names.values()];
}

/** Whether the plan leaves it as it is although it differs. */
export function isHeld({ changes }: Plan, { key }: ObservedContainer): boolean {
  return changes.some(({ id, action }) => id === key && action === 'hold');
}
