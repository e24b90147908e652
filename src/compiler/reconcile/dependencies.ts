import type { ContainerKey, DesiredContainer } from '../desired/desired-state.ts';

/** The containers that a migration holds back: those of its image, and those that take its container's `env_from`. */
export function migrationUsers(
  owner: DesiredContainer,
  all: readonly DesiredContainer[],
): ReadonlySet<ContainerKey> {
  const gates = new Set(owner.migrationGates);
  return new Set(
    all
      .filter((c) => c.key === owner.key || gates.has(c.key) || c.image.reference === owner.image.reference)
      .map((c) => c.key),
  );
}

/**
 * What each migration itself waits for, by its container: that container's dependencies, but for those that wait for
 * the migration, directly, through others, or through other migrations, since they start after it.
 *
 * Containers wait for their dependencies and for the migrations that hold them back; that has no cycles, and a
 * migration's own dependency joins only when it makes none.
 */
export function migrationDependencies(
  migrations: readonly { readonly owner: DesiredContainer; readonly users: ReadonlySet<ContainerKey> }[],
  byKey: ReadonlyMap<ContainerKey, DesiredContainer>,
): ReadonlyMap<ContainerKey, readonly ContainerKey[]> {
  const waits = new Map<ContainerKey, ContainerKey[]>(migrations.map(({ owner }) => [owner.key, []]));
  const leadsTo = (start: ContainerKey, target: ContainerKey): boolean => {
    const reached = new Set<ContainerKey>();
    const pending = [start];
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      if (reached.has(key)) continue;
      reached.add(key);
      pending.push(...(byKey.get(key)?.after ?? []));
      for (const { owner, users } of migrations) {
        if (!users.has(key)) continue;
        if (owner.key === target) return true;
        pending.push(...(waits.get(owner.key) ?? []));
      }
    }
    return false;
  };
  for (const { owner } of migrations) {
    for (const key of owner.after) if (!leadsTo(key, owner.key)) waits.get(owner.key)?.push(key);
  }
  return waits;
}

/** The named containers with everything they depend on, directly or not. */
export function withDependencies(
  keys: Iterable<ContainerKey>,
  byKey: ReadonlyMap<ContainerKey, DesiredContainer>,
): ReadonlySet<ContainerKey> {
  const reached = new Set<ContainerKey>();
  const pending = [...keys];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    if (reached.has(key)) continue;
    reached.add(key);
    pending.push(...(byKey.get(key)?.after ?? []));
  }
  return reached;
}
