import { randomBytes } from 'node:crypto';

import type { DesiredContainer, DesiredInstance } from '../compiler/desired/desired-state.ts';
import { baseName } from '../compiler/names.ts';
import type { ContainerConfig } from '../compiler/plan/container-config.ts';
import { runConfig } from '../compiler/plan/instance-config.ts';
import { ownMark } from './run-owner.ts';

/** Runs are removed afterwards and bind no published name, so that one number does for all of them. */
const RUN_GENERATION = 0;

/** What one run of a container is created with: a name of its own, and who it belongs to, for the case that this process is killed. */
export function freshRun(
  stack: string,
  container: DesiredContainer,
  instance: DesiredInstance,
  given: Pick<Parameters<typeof runConfig>[3], 'command' | 'shown' | 'imageId' | 'tty' | 'openStdin'>,
): ContainerConfig {
  const { application, name } = container;
  return runConfig(stack, container, instance, {
    name: `${baseName(stack, application)}-${name}.run.${randomBytes(4).toString('hex')}`,
    role: 'run',
    generation: RUN_GENERATION,
    owner: ownMark(),
    ...given,
  });
}
