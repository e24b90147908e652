import type { ContainerSpec } from '../spec/container-spec.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import { containerPorts } from './container-ports.ts';
import type { ContainerKey, DesiredContainer, DesiredNetwork, DesiredState } from './desired-state.ts';
import { plainFields } from './fields.ts';
import { resolveHooks } from './hooks.ts';
import { writtenImage } from './image.ts';
import { resolveMetrics } from './metrics.ts';
import type { Resolution } from './resolution.ts';
import { resolveContainer } from './resolve-container.ts';

/** Resolves every container but the skipped ones, of which only the strings are read. Cron containers come last: they start nothing. */
export function runResolution(
  spec: StackSpec,
  resolution: Resolution,
  skip: ReadonlySet<ContainerKey>,
): DesiredState {
  const containers: DesiredContainer[] = [];
  const networks: DesiredNetwork[] = [];
  for (const application of spec.applications) {
    for (const container of application.containers) {
      if (skip.has(container.key)) checkStrings(container, resolution);
      else containers.push(resolveContainer(container, application, resolution));
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
    hooks: resolveHooks(spec, resolution.expander),
    heals: spec.heals,
    engineSocket: spec.engineSocket,
    metrics: resolveMetrics(spec, resolution),
  };
}

/** What a container's strings have wrong by themselves, whatever else is wrong with it. */
function checkStrings(container: ContainerSpec, resolution: Resolution): void {
  const scope = { application: container.application, container: container.name, index: 0 };
  writtenImage(container, resolution.expander, resolution.inputs?.builds ?? {});
  containerPorts(container, 0, resolution);
  plainFields(container, scope, resolution.expander);
  resolution.mounts.check(container);
}
