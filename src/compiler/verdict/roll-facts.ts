import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Change, Plan } from '../plan/plan.ts';

type InstanceSubject = Extract<Change['subject'], { readonly kind: 'instance' }>;

/** An instance's place among those of its container that the plan changes. */
export interface RollFacts {
  /** Instances of the container that serve when its turn comes. */
  readonly now: number;
  /** Replaced at the same time, and in all. */
  readonly batch: number;
  readonly rolled: number;
  /** Those that run now and may be gone at once when this one is; it counts where it runs. */
  readonly gone: number;
  /** For one that leaves: those before it are seen to be gone by then. */
  readonly awaitGone: boolean;
}

/** `current`: the current generations of its container's instances; `most`: the `batch` of its strategy. */
export function rollFacts(
  { changes, nodes }: Plan,
  change: Change,
  current: readonly ObservedContainer[],
  most: number,
): RollFacts {
  const own = changes.filter((other) => isOf(other, change.subject));
  const turns = new Map([...new Set(nodes.map(({ group }) => group))].map((group, index) => [group, index]));
  const replaced = own
    .filter(({ action }) => action === 'replace')
    .sort((a, b) => (turns.get(a.id) ?? 0) - (turns.get(b.id) ?? 0));
  const at = replaced.indexOf(change);
  const first = at - (at % most);
  const together = at === -1 ? [change] : replaced.slice(first, first + most);
  const runs = (id: string) => current.some(({ key, state }) => key === id && state === 'running');
  // Those of earlier batches are up again by then, and those that are started before anybody leaves.
  const started = own.filter(({ id, action }) => action === 'start' && replaced[0]?.waitsFor.includes(id));
  const up = new Set([...replaced.slice(0, Math.max(0, first)), ...started].map(({ id }) => id));
  const removed = own.filter(({ id, action }) => action === 'remove' && (id === change.id || runs(id)));
  const before = removed.slice(0, Math.max(0, removed.indexOf(change)));
  const noticed = new Set(nodes.flatMap(({ op, group }) => (op.kind === 'balancer.notice' ? [group] : [])));
  return {
    now: current.filter(({ key, state }) => state === 'running' || up.has(key)).length,
    batch: Math.max(1, Math.min(most, replaced.length)),
    rolled: replaced.length,
    gone: change.action === 'remove' ? before.length + 1 : together.filter(({ id }) => runs(id)).length,
    awaitGone: before.length > 0 && before.every(({ id }) => noticed.has(id)),
  };
}

function isOf({ subject }: Change, wanted: Change['subject']): wanted is InstanceSubject {
  return (
    subject.kind === 'instance' &&
    wanted.kind === 'instance' &&
    subject.application === wanted.application &&
    subject.container === wanted.container
  );
}
