import type { ContainerSpec, FileSpec, NotificationsSpec } from '../spec/container-spec.ts';
import type { ScaleSource } from '../spec/scale-spec.ts';
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
    ...container.files.flatMap(fileTemplates),
    ...notificationTemplates(container.notifications),
    ...(container.cron?.onFailure ? notificationTemplates(container.cron.onFailure) : []),
    ...(container.scale?.sources ?? []).flatMap(sourceTemplates),
    ...(container.heartbeat === null ? [] : [container.heartbeat]),
    ...entries.map(({ value }) => value),
    ...(container.build?.args ?? []).map(({ value }) => value),
  ];
}

function sourceTemplates(source: ScaleSource): readonly Template[] {
  if (source.kind === 'command') return source.command;
  return source.kind === 'lists' && source.password !== null ? [source.password] : [];
}

/** Of what the stack file itself says; what stands in a file beside it is known later. */
function fileTemplates({ content, reload }: FileSpec): readonly Template[] {
  return [
    ...(content.kind === 'text' ? [content.template] : []),
    ...(reload?.kind === 'command' ? reload.command : []),
  ];
}

function notificationTemplates({ rollbar, webhook, slack }: NotificationsSpec): readonly Template[] {
  const single = [
    rollbar?.token,
    rollbar?.url,
    webhook?.url,
    webhook?.secret,
    slack?.url,
    slack?.channel,
    ...(webhook?.headers ?? []).map(({ value }) => value),
  ];
  return single.flatMap((template) => template ?? []);
}
