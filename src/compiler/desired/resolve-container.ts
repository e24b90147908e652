import { plainText, variesByInstance, type Template } from '../spec/template.ts';
import type { ApplicationSpec } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import { parsePorts } from '../spec/values/port.ts';
import type {
  ContainerKey,
  DesiredContainer,
  DesiredInstance,
  DesiredMigration,
  InstanceKey,
  SocketSpec,
} from './desired-state.ts';
import { environment, expandEnvironment } from './environment.ts';
import { plainFields, plainFieldsVary } from './fields.ts';
import { gateOf } from './gate.ts';
import { desiredImage, writtenImage } from './image.ts';
import type { InstanceSpec, PortSpec } from './instance-spec.ts';
import { logOptions } from './log-options.ts';
import { programOf } from './program.ts';
import type { Resolution } from './resolution.ts';
import { placeSocket, socketSource, digHole } from './socket.ts';
import { stopOf } from './stop.ts';
import { databaseOf, strategyOf, type StrategyFacts } from './strategy.ts';
import { expandWords } from './words.ts';

/** Resolves one container with all its instances. What instances have in common is made once and shared. */
export function resolveContainer(
  container: ContainerSpec,
  application: ApplicationSpec,
  resolution: Resolution,
): DesiredContainer {
  const { expander, problems, inputs, mounts } = resolution;
  const scopeOf = (index: number) => ({ application: application.name, container: container.name, index });
  const written = writtenImage(container, expander);
  const { image, config } = desiredImage(container, written, inputs?.images ?? {}, problems);
  const env = environment(container, application, resolution.operator, shortId(image.id), problems);
  const links = container.linkTargets.map(({ alias, container: to, index }) => ({
    alias,
    target: `${application.base}-${to.name}${index}`,
  }));
  const source = socketSource(container, mounts.of(container, 0));
  const socketVaries = source !== null && variesByInstance(source.template);
  const usesSocket = source !== null;

  const fieldsAt = perInstance(plainFieldsVary(container), (i) => plainFields(container, scopeOf(i), expander));
  const portsAt = perInstance(container.ports.some(variesByInstance), (i) =>
    readPorts(container, i, resolution),
  );
  const wordsVary = (words: readonly Template[] | null) =>
    (usesSocket && socketVaries) || (words ?? []).some(variesByInstance);
  const wordsAt = (words: readonly Template[] | null) =>
    perInstance(wordsVary(words), (i, published) => expandWords(words, scopeOf(i), published, expander));
  const commandAt = wordsAt(container.command);
  const entrypointAt = wordsAt(container.entrypoint);
  const envAt = perInstance(env.varies || (usesSocket && socketVaries), (i, published) =>
    expandEnvironment(env, (template) => {
      const text = expander.expand(template, scopeOf(i));
      return text === null ? null : digHole(text, published);
    }),
  );
  const logAt = perInstance(container.log?.options.some(({ value }) => variesByInstance(value)) ?? false, (i) =>
    logOptions(container, scopeOf(i), resolution.forwarder, inputs?.host.logDriver ?? '', expander),
  );
  const stopAt = perInstance(false, (i, published) =>
    stopOf(container, entrypointAt(i, published).shown, commandAt(i, published).shown, config),
  );
  const healthVaries =
    container.health?.ask.kind === 'command'
      ? wordsVary(container.health.ask.command)
      : container.health?.ask.kind === 'http' && container.health.ask.path !== null
        ? variesByInstance(container.health.ask.path)
        : false;
  const gateAt = perInstance(healthVaries || container.ports.some(variesByInstance), (i, published) =>
    gateOf(container, {
      scope: scopeOf(i),
      hasSocket: usesSocket,
      ports: portsAt(i, published),
      config,
      rehearsal: inputs === null,
      words: ({ command }) => expandWords(command, scopeOf(i), published, expander).real ?? [],
      expander,
    }),
  );

  const instances: DesiredInstance[] = [];
  let socketKind: StrategyFacts['socket'] = 'none';
  let socketVolume: string | null = null;
  const before = problems.errors;
  for (let index = 0; index < container.count; index++) {
    const name = `${container.name}${index}`;
    const engineName = `${application.base}-${name}`;
    const placed =
      source === null
        ? null
        : placeSocket(source, container, { index, engineName }, mounts.of(container, index), expander);
    const published = placed?.published ?? null;
    const command = commandAt(index, published);
    const entrypoint = entrypointAt(index, published);
    const variables = envAt(index, published);
    const namesSocket =
      command.namesSocket || entrypoint.namesSocket || variables.some(({ value }) => value.includes('\0socket'));
    // In a rehearsal a word that is not known may be the one.
    const movable = namesSocket || !command.known || !entrypoint.known || variables.length < env.sources.length;
    const socket: SocketSpec | null = placed === null ? null : { ...placed, movable };
    if (socket !== null) {
      socketKind = movable ? 'movable' : 'fixed';
      socketVolume = socket.volume;
      resolution.sockets.claim(container, name, socket, source?.template.place.range ?? container.range);
    }
    if (source === null && (namesSocket || container.health?.ask.kind === 'command')) {
      resolution.checkSocketless(container, application);
    }
    const fields = fieldsAt(index, published);
    const stop = stopAt(index, published);
    const spec: InstanceSpec = {
      version: 1,
      image: image.reference,
      command: command.shown,
      entrypoint: entrypoint.shown,
      env: env.names,
      user: fields.user,
      workingDir: fields.workingDir,
      hostname: fields.hostname,
      mounts: mounts.of(container, index),
      ports: portsAt(index, published),
      network: fields.network,
      networks: fields.networks,
      links,
      restart: fields.restart,
      stopSignal: fields.stopSignal,
      socket: published,
      memory: fields.memory,
      cpus: fields.cpus,
      readOnly: fields.readOnly,
      tmpfs: fields.tmpfs,
      capAdd: fields.capAdd,
      capDrop: fields.capDrop,
      init: fields.init,
      ulimits: fields.ulimits,
      shmSize: fields.shmSize,
      sysctls: fields.sysctls,
      devices: fields.devices,
      securityOpt: fields.securityOpt,
      extraHosts: fields.extraHosts,
      labels: fields.labels,
      platform: fields.platform,
    };
    instances.push({
      key: `${application.name}/${name}` as InstanceKey, // made of its parts here only
      name,
      index,
      engineName,
      spec,
      command: command.real,
      entrypoint: entrypoint.real,
      env: variables,
      hostname: fields.hostname ?? defaultHostname(container, name, inputs?.host.name ?? ''),
      stopSignal: stop.stopSignal,
      log: logAt(index, published),
      gate: gateAt(index, published),
      stop: stop.spec,
      socket,
    });
    // The other instances would only repeat it.
    if (problems.errors > before) break;
  }
  if (source !== null && !source.inferred && socketKind === 'fixed') {
    problems.warn('STK362', `no word or variable names the socket of \`${container.name}\`, so it cannot move`, source.template.place.range, {
      help: 'give the path in `command` or `env`, as `%{socket}`: then a new generation starts beside the old one',
    });
  }
  const first = instances[0];
  const programs = [programOf(first?.spec.entrypoint ?? []), programOf(first?.spec.command ?? [])].flatMap((p) => p ?? []);
  const database = databaseOf(written?.name ?? '', programs);
  const facts: StrategyFacts = {
    container,
    ports: first?.spec.ports ?? [],
    singleWriter: resolution.writers.of(container, socketVolume, database !== null),
    database,
    socket: socketKind,
  };
  return {
    key: container.key,
    name: container.name,
    application: application.name,
    mode: container.mode,
    span: problems.source.span(container.range),
    after: container.after,
    image,
    instances,
    strategy: strategyOf(facts, problems),
    migration: migration(container, resolution),
    migrationGates: container.migration === null ? [] : resolution.migrationGates(container),
    schedule: container.cron?.schedule ?? [],
    timezone: container.cron?.timezone ?? null,
    overlap: container.cron?.overlap ?? 'skip',
    runTimeoutMs: container.cron?.timeoutMs ?? null,
  };
}

/** Makes a value once for all instances, unless it varies. `published` is the instance's socket path. */
function perInstance<T>(
  varies: boolean,
  make: (index: number, published: string | null) => T,
): (index: number, published: string | null) => T {
  let kept: { readonly value: T } | null = null;
  return (index, published) => {
    if (varies) return make(index, published);
    kept ??= { value: make(index, published) };
    return kept.value;
  };
}

function readPorts(container: ContainerSpec, index: number, { expander, hostPorts, problems }: Resolution): readonly PortSpec[] {
  const scope = { application: container.application, container: container.name, index };
  const ports: PortSpec[] = [];
  const before = problems.errors;
  for (const template of container.ports) {
    for (const port of expander.parse(template, scope, 'STK314', parsePorts) ?? []) {
      ports.push(port);
      // Ports that do not vary are read once, and still every instance wants them.
      hostPorts.claim(container, `${container.name}${index}`, port, template.place.range);
      if (container.count > 1 && !variesByInstance(template)) {
        hostPorts.claim(container, `${container.name}${index + 1}`, port, template.place.range);
      }
      // A range that clashes, clashes at every port.
      if (problems.errors > before) return ports;
    }
  }
  return ports.sort(
    (a, b) =>
      a.containerPort - b.containerPort ||
      (a.hostPort ?? 0) - (b.hostPort ?? 0) ||
      compare(a.protocol, b.protocol) ||
      compare(a.hostIp ?? '', b.hostIp ?? ''),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** `app0.<host>`; a longer name than the kernel takes is cut to the instance. */
function defaultHostname(container: ContainerSpec, instance: string, host: string): string | null {
  if (container.network.mode === 'host') return null;
  const full = host === '' ? instance : `${instance}.${host}`;
  return full.length <= 63 ? full : instance.slice(0, 63);
}

function shortId(id: string | null): string | null {
  return id === null ? null : id.replace(/^sha256:/, '').slice(0, 12);
}

function migration(container: ContainerSpec, { expander }: Resolution): DesiredMigration | null {
  const spec = container.migration;
  if (spec === null) return null;
  const scope = { application: container.application, container: container.name, index: 0 };
  const words = expandWords(spec.command, scope, null, expander);
  const { timeoutMs, reversible } = spec;
  return { command: words.real ?? [], shown: words.shown ?? [], timeoutMs, reversible };
}

/** Whether two containers run what is written as the same image. */
export function sameImage(a: ContainerSpec, b: ContainerSpec): boolean {
  const text = (c: ContainerSpec) => `${plainText(c.image) ?? c.key}:${c.tag === null ? '' : (plainText(c.tag) ?? c.key)}`;
  return text(a) === text(b);
}

/** Keys of the containers whose new generations wait for a migration. */
export type MigrationGates = (container: ContainerSpec) => readonly ContainerKey[];
