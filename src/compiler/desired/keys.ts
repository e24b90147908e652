import type { ContainerKey, InstanceKey } from './desired-state.ts';

/** The key of a container in a stack: `shop/app`. */
export function containerKey(application: string, container: string): ContainerKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is made
  return `${application}/${container}` as ContainerKey;
}

/** The key of an instance in a stack: `shop/app0`. */
export function instanceKey(application: string, instance: string): InstanceKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is made
  return `${application}/${instance}` as InstanceKey;
}
