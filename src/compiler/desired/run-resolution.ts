import type { StackSpec } from '../spec/stack-spec.ts';
import type { ContainerKey, DesiredContainer, DesiredNetwork, DesiredState } from './desired-state.ts';
import type { Resolution } from './resolution.ts';
import { resolveContainer } from './resolve-container.ts';

/** Resolves every container but the skipped ones. Cron containers come last: they start nothing. */
export function runResolution(
  spec: StackSpec,
  resolution: Resolution,
  skip: ReadonlySet<ContainerKey>,
): DesiredState {
  const containers: DesiredContainer[] = [];
  const networks: DesiredNetwork[] = [];
  for (const application of spec.applications) {
    for (const container of application.containers) {
      if (!skip.has(container.key)) containers.push(resolveContainer(container, application, resolution));
    }
    if (application.containers.some(({ network }) => network.mode === 'stack')) {
      networks.push({ name: application.base, application: application.name });
    }
  }
  return {
    stack: spec.name,
    networks: networks.sort((a, b) => (a.name < b.name ? -1 : 1)),
    volumes: resolution.volumes.volumes,
    containers: [
      ...containers.filter(({ mode }) => mode !== 'cron'),
      ...containers.filter(({ mode }) => mode === 'cron'),
    ],
    included: spec.included,
  };
}
