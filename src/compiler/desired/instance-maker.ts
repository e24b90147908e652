import { instanceKey } from './keys.ts';
import type { ApplicationSpec } from '../spec/application-spec.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import { variesByInstance, type Template } from '../spec/template.ts';
import { containerPorts } from './container-ports.ts';
import { SOCKET_HOLE, type DesiredImage, type DesiredInstance, type Gate } from './desired-state.ts';
import { environment, environmentExpander } from './environment.ts';
import { plainFields, plainFieldsVary } from './fields.ts';
import { filesReader } from './files.ts';
import { gateOf } from './gate.ts';
import type { InstanceSpec, PortSpec } from './instance-spec.ts';
import { logOptions } from './log-options.ts';
import type { ImageConfig } from './resolved-inputs.ts';
import type { Resolution } from './resolution.ts';
import { digHole, placeSocket, socketSource } from './socket.ts';
import { stopOf } from './stop.ts';
import { wordsExpander } from './words.ts';

/** What an instance's values are made for. */
interface Place {
  readonly index: number;
  /** The instance's published socket. */
  readonly published: string | null;
}

/**
 * Makes a container's instances. Each value is made once for all of them, unless something in it varies: ten
 * thousand instances are mostly ten thousand names.
 */
export function instanceMaker(
  container: ContainerSpec,
  application: ApplicationSpec,
  image: DesiredImage,
  config: ImageConfig | null,
  resolution: Resolution,
): (index: number) => DesiredInstance {
  const { expander, problems, inputs, mounts } = resolution;
  const { health } = container;
  const scopeOf = (index: number) => ({ application: application.name, container: container.name, index });
  const source = socketSource(container, mounts.of(container, 0));
  const socketVaries = source !== null && variesByInstance(source.template);
  const env = environment(
    container,
    application,
    resolution.environments,
    resolution.operator,
    shortId(image.id),
    problems,
  );
  const maskedEnv = env.sources.flatMap(({ name, masked }) => (masked ? [name] : []));
  const links = container.linkTargets.map(({ alias, container: to, index }) => ({
    alias,
    target: `${application.base}-${to.name}${index}`,
  }));

  const wordsVary = (words: readonly Template[] | null) =>
    socketVaries || (words ?? []).some(variesByInstance);
  const wordsOf = (words: readonly Template[] | null) => {
    const expand = wordsExpander(words, expander);
    return perInstance(wordsVary(words), ({ index, published }) => expand(scopeOf(index), published));
  };
  const commandOf = wordsOf(container.command);
  const entrypointOf = wordsOf(container.entrypoint);
  const expandEnvironment = environmentExpander(env);
  const envOf = perInstance(env.varies || socketVaries, ({ index, published }) =>
    expandEnvironment(
      (template) => expander.expand(template, scopeOf(index)),
      (text) => digHole(text, published),
    ),
  );
  const portsVary = container.ports.some(variesByInstance);
  const portsOf = perInstance(portsVary, ({ index }) => containerPorts(container, index, resolution));
  const fieldsVary = plainFieldsVary(container);
  const fieldsOf = perInstance(fieldsVary, ({ index }) => plainFields(container, scopeOf(index), expander));
  // Everything that instances have in common, with a place for the rest: cloning an object of the final shape is
  // twenty times as fast as adding keys to one.
  const sharedOf = perInstance(
    fieldsVary || portsVary,
    (place): InstanceSpec => ({
      ...fieldsOf(place),
      version: 1,
      image: image.reference,
      env: env.names,
      maskedEnv,
      ports: portsOf(place),
      links,
      command: null,
      entrypoint: null,
      mounts: [],
      socket: null,
      files: container.files.map(({ path, mode, user }) => ({ path, mode, user })),
    }),
  );
  const logVaries = container.log?.options.some(({ value }) => variesByInstance(value)) ?? false;
  const logOf = perInstance(logVaries, ({ index }) =>
    logOptions(container, scopeOf(index), resolution.forwarder, inputs?.host?.logDriver ?? '', expander),
  );
  const stopOfPlace = perInstance(false, (place) =>
    stopOf(container, entrypointOf(place).shown, commandOf(place).shown, config),
  );
  const files = filesReader(container, mounts.of(container, 0), source !== null, resolution);
  const filesOf = perInstance(files.vary, ({ index }) => files.read(scopeOf(index)));
  const adoptOf = (index: number): DesiredInstance['adopt'] => {
    if (container.adopt === null) return null;
    const name = 'parts' in container.adopt ? container.adopt : container.adopt[index];
    const text = name === undefined ? null : expander.expand(name, scopeOf(index));
    return text === null ? [] : [text.replace(/^\//, '')];
  };
  const healthCommandOf = wordsOf(health?.ask.kind === 'command' ? health.ask.command : null);
  const askVaries = health?.ask.kind === 'command' && wordsVary(health.ask.command);
  const pathVaries =
    health?.ask.kind === 'http' && health.ask.path !== null && variesByInstance(health.ask.path);
  const gateOfPlace = perInstance(askVaries || pathVaries || portsVary, (place) =>
    gateOf(container, {
      scope: scopeOf(place.index),
      hasSocket: source !== null,
      ports: portsOf(place),
      config,
      rehearsal: inputs === null,
      command: healthCommandOf(place).real ?? [],
      expander,
    }),
  );

  return (index) => {
    const name = `${container.name}${index}`;
    const engineName = `${application.base}-${name}`;
    const mounted = mounts.of(container, index);
    const placed =
      source === null ? null : placeSocket(source, container, { index, engineName }, mounted, expander);
    const place = { index, published: placed?.published ?? null };
    const command = commandOf(place);
    const entrypoint = entrypointOf(place);
    const variables = envOf(place);
    const fields = fieldsOf(place);
    const stop = stopOfPlace(place);
    const gate = gateOfPlace(place);
    // In a rehearsal a word that is not known may be the one that names it.
    const movable =
      command.namesSocket ||
      entrypoint.namesSocket ||
      variables.some(({ value }) => value.includes(SOCKET_HOLE)) ||
      !command.known ||
      !entrypoint.known ||
      variables.length < env.sources.length ||
      files.nameSocket;
    const socket = placed === null ? null : { ...placed, movable };
    if (socket !== null && container.count > 0) {
      resolution.sockets.claim(container, name, socket, source?.template.place.range ?? container.range);
    }
    const spec: InstanceSpec = {
      ...sharedOf(place),
      command: command.shown,
      entrypoint: entrypoint.shown,
      mounts: mounted,
      socket: place.published,
    };
    return {
      key: instanceKey(application.name, name),
      name,
      index,
      engineName,
      spec,
      command: command.real,
      entrypoint: entrypoint.real,
      env: variables,
      hostname: fields.hostname ?? defaultHostname(container, name, inputs?.host?.name ?? ''),
      stopSignal: stop.stopSignal,
      log: logOf(place),
      gate,
      port: source === null ? portOf(container, gate, portsOf(place)) : null,
      stop: stop.spec,
      socket,
      adopt: adoptOf(index),
      files: filesOf(place),
    };
  };
}

/** The one that is written, else the one that is asked, else the only one that is published. */
function portOf({ port }: ContainerSpec, gate: Gate, ports: readonly PortSpec[]): number | null {
  if (port !== null) return port.port;
  if ((gate.kind === 'http' || gate.kind === 'tcp') && gate.over !== 'socket') return gate.over.port;
  const published = new Set(
    ports.filter(({ protocol }) => protocol === 'tcp').map(({ containerPort }) => containerPort),
  );
  return published.size === 1 ? ([...published][0] ?? null) : null;
}

/**
 * Makes a value once for all instances; once for each where it varies, however often it is asked for: what it claims
 * (ports of the host) must not be claimed twice. Instances come one after the other.
 */
function perInstance<T>(varies: boolean, make: (place: Place) => T): (place: Place) => T {
  let kept: { readonly index: number; readonly value: T } | null = null;
  return (place) => {
    if (kept === null || (varies && kept.index !== place.index)) {
      kept = { index: place.index, value: make(place) };
    }
    return kept.value;
  };
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
