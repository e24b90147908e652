import type { DesiredState } from '../desired/desired-state.ts';
import type { MountSpec } from '../desired/instance-spec.ts';
import type { DataMount, ResolvedInputs } from '../desired/resolved-inputs.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';

/**
 * Where data volumes lie that nobody has made yet: what an adopted container mounts at that path is what its data is in, so its
 * replacement gets the same. The first container decides, in the order of the file. Null: nothing is known besides.
 */
export function adoptedMounts(
  desired: DesiredState,
  adopted: readonly ObservedContainer[],
  observed: Pick<ObservedState, 'volumes'>,
): ResolvedInputs['dataMounts'] | null {
  const made = new Set(observed.volumes.map(({ name }) => name));
  const open = new Set(
    desired.volumes.filter(({ name, adopted: known }) => !known && !made.has(name)).map(({ name }) => name),
  );
  const byKey = new Map(adopted.map((one) => [one.key, one]));
  const found = new Map<string, Record<string, DataMount>>();
  for (const { application, instances } of desired.containers) {
    for (const { key, spec } of instances) {
      const mounts = byKey.get(key)?.spec?.mounts ?? [];
      for (const { source, target, dataVolume } of spec.mounts) {
        if (dataVolume === null || !open.has(source)) continue;
        const own = mounts.find((mount) => mount.target === target);
        if (own === undefined || own.source === source) continue;
        const volume = `${application}/${dataVolume}`;
        const known = found.get(volume) ?? {};
        if (known[target] === undefined) known[target] = { type: own.type, source: own.source };
        found.set(volume, known);
      }
    }
  }
  return found.size === 0 ? null : Object.fromEntries(found);
}

/** The same, told by the records of the adopted containers, so that later plans find the volumes again. */
export function withDataVolumes(
  adopted: readonly ObservedContainer[],
  mounts: ResolvedInputs['dataMounts'],
): readonly ObservedContainer[] {
  return adopted.map((one) => {
    if (one.spec === null) return one;
    const nameOf = ({ source, target, dataVolume }: MountSpec): string | null => {
      const [key] =
        Object.entries(mounts).find(
          ([volume, paths]) =>
            volume.startsWith(`${one.application}/`) &&
            Object.hasOwn(paths, target) &&
            paths[target]?.source === source,
        ) ?? [];
      return key?.slice(one.application.length + 1) ?? dataVolume;
    };
    const own = one.spec.mounts.map((mount) => ({ ...mount, dataVolume: nameOf(mount) }));
    return { ...one, spec: { ...one.spec, mounts: own } };
  });
}
