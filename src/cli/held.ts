import type { ContainerKey } from '../compiler/desired/desired-state.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';

/**
 * The `manual` containers whose instances all exist and which nobody named: whatever their tags mean by now,
 * they stay as they are, so their images are not looked up.
 */
export function heldContainers(
  spec: StackSpec,
  observed: ObservedState,
  named: readonly string[],
): ReadonlySet<ContainerKey> {
  const current = new Set<string>();
  for (const container of observed.containers) {
    if (container.role === 'instance' && container.phase === 'current') current.add(container.key);
  }
  const names = new Set([...named, ...spec.included]);
  const held = new Set<ContainerKey>();
  for (const application of spec.applications) {
    for (const { key, name, mode, count } of application.containers) {
      if (mode !== 'manual') continue;
      const instances = Array.from({ length: count }, (_, index) => `${name}${index}`);
      const isNamed = [name, ...instances].some(
        (one) => names.has(one) || names.has(`${application.name}/${one}`),
      );
      if (!isNamed && instances.every((one) => current.has(`${application.name}/${one}`))) held.add(key);
    }
  }
  return held;
}
