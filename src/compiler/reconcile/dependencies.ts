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
 * What a migration itself waits for: its container's dependencies, but for those that wait for the migration,
 * directly or through others, since they start after it.
 */
export function migrationDependencies(
  owner: DesiredContainer,
  users: ReadonlySet<ContainerKey>,
  byKey: ReadonlyMap<ContainerKey, DesiredContainer>,
): readonly ContainerKey[] {
  const waits = new Map<ContainerKey, boolean>();
  const waitsForUser = (key: ContainerKey): boolean => {
    const known = waits.get(key);
    if (known !== undefined) return known;
    // Set first: `after` has no cycles, so this only ends shared paths early.
    waits.set(key, false);
    const result = users.has(key) || (byKey.get(key)?.after ?? []).some(waitsForUser);
    waits.set(key, result);
    return result;
  };
  return owner.after.filter((key) => !waitsForUser(key));
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
