import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { bareConfig } from '../../src/compiler/plan/instance-config.ts';

/** A container's configuration with nothing set but what is given, on the engine's default bridge. */
export function plainConfig(
  given: Partial<ContainerConfig> & Pick<ContainerConfig, 'name' | 'image'>,
): ContainerConfig {
  return { ...bareConfig(given.name, given.image), network: 'bridge', ...given };
}
