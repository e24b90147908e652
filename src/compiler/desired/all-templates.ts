import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Template } from '../spec/template.ts';

/** Every template of a container, its own ones only. */
export function allTemplates(container: ContainerSpec): readonly Template[] {
  const { limits, health, log, migration } = container;
  const single = [
    container.image,
    container.tag,
    container.hostname,
    container.user,
    container.workingDir,
    container.socket,
    container.platform,
    limits.memory,
    limits.cpus,
    limits.shmSize,
    log?.driver ?? null,
    health?.ask.kind === 'http' ? health.ask.path : null,
  ];
  const entries = [...container.env, ...container.labels, ...limits.sysctls, ...(log?.options ?? [])];
  return [
    ...single.flatMap((template) => template ?? []),
    ...(container.command ?? []),
    ...(container.entrypoint ?? []),
    ...(health?.ask.kind === 'command' ? health.ask.command : []),
    ...(migration?.command ?? []),
    ...container.volumes,
    ...container.ports,
    ...container.networks,
    ...limits.tmpfs,
    ...limits.devices,
    ...limits.securityOpt,
    ...limits.extraHosts,
    ...entries.map(({ value }) => value),
  ];
}
