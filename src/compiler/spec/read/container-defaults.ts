import type { WrittenContainer } from '../container-spec.ts';
import type { Fields, Reader } from './reader.ts';
import { readRolloutDefaults, type RolloutDefaults } from './rollout.ts';

/** What a container gets from its application and the stack where it says nothing itself. */
export type ContainerDefaults = RolloutDefaults & Pick<WrittenContainer, 'heal'>;

/** Reads them from the stack or from an application; `outer` is said around it. */
export function readContainerDefaults(
  fields: Fields,
  reader: Reader,
  outer: ContainerDefaults,
): ContainerDefaults {
  const heal = reader.flag(fields.get('heal')?.value) ?? outer.heal;
  return { ...readRolloutDefaults(fields, reader, outer), heal };
}
