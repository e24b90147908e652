import { RELEASE_HOLE, SOCKET_HOLE, generationSocket } from '../desired/desired-state.ts';
import type { DesiredContainer, DesiredInstance } from '../desired/desired-state.ts';
import type { InstanceSpec, RecordedSpec } from '../desired/instance-spec.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import { NO_OPTIONS } from '../desired/runtime-options.ts';
import { isOfRuns } from '../cron/places.ts';
import { labels } from '../labels.ts';
import { baseName, journalVolume } from '../names.ts';
import { shortId } from '../short-id.ts';
import { placedFiles } from '../desired/placed-files.ts';
import { agentVolumePath, JOURNAL_FOLDER } from './agent-spec.ts';
import type { AgentSpec } from './agent-spec.ts';
import type { ContainerConfig } from './container-config.ts';
import { engineMount } from './engine-mount.ts';
import { metricsEnv, metricsMounts, metricsPorts } from './metrics-config.ts';

/** What a container is made for. */
export type Role = 'instance' | 'migration' | 'run' | 'template';

/**
 * The create call for one generation of an instance. It starts with restart policy `no`, whatever the file says:
 * the policy comes after the gate. Of a job it is the template of its runs, which never starts.
 */
export function instanceConfig(
  stack: string,
  container: DesiredContainer,
  instance: DesiredInstance,
  { generation, name, imageId }: Incarnation,
): ContainerConfig {
  const { socket } = instance;
  const { job } = container;
  const own = socket === null ? '' : generationSocket(instance, socket, generation);
  const role = job === null ? 'instance' : 'template';
  const config = filledConfig(container, instance, { name, imageId, socketPath: own }, stack);
  return {
    ...config,
    // Two runs of a job may go on at the same time.
    ports: job === null ? config.ports : [],
    labels: {
      ...instance.spec.labels,
      ...ownLabels(stack, container, instance, generation, role, recordedSpec(container, instance)),
      ...(job === null ? {} : { [labels.job]: canonicalJson(job.spec) }),
    },
  };
}

function recordedSpec({ migration }: DesiredContainer, { spec, gate, port }: DesiredInstance): RecordedSpec {
  const isAsked = gate.kind === 'http' || gate.kind === 'tcp';
  return { ...spec, migration: migration?.shown ?? null, gate: isAsked ? gate : null, port };
}

/** Which generation of an instance is made. */
export interface Incarnation {
  readonly generation: number;
  readonly name: string;
  /** Of the image it is made from, `sha256:…`. */
  readonly imageId: string;
}

function filledConfig(
  container: DesiredContainer,
  instance: DesiredInstance,
  {
    name,
    imageId,
    socketPath,
  }: { readonly name: string; readonly imageId: string; readonly socketPath: string },
  stack: string,
): ContainerConfig {
  const { spec } = instance;
  const release = shortId(imageId);
  const fill = (text: string) => text.replaceAll(SOCKET_HOLE, socketPath).replaceAll(RELEASE_HOLE, release);
  return {
    // Not the tag: what was planned and is recorded runs, wherever the tag has moved meanwhile.
    ...bareConfig(name, imageId),
    platform: spec.platform,
    env: instance.env.map((variable) => `${variable.name}=${fill(variable.value)}`),
    entrypoint: instance.entrypoint?.map(fill) ?? null,
    command: instance.command?.map(fill) ?? null,
    user: spec.user,
    workingDir: spec.workingDir,
    hostname: instance.hostname,
    network: spec.network === 'stack' ? baseName(stack, container.application) : spec.network,
    links: spec.links.map(({ target, alias }) => `${target}:${alias}`),
    mounts: spec.mounts,
    ports: spec.ports,
    stopSignal: instance.stopSignal,
    stopTimeoutS: instance.stop.timeoutS,
    log: instance.log,
    memory: spec.memory,
    cpus: spec.cpus,
    readOnly: spec.readOnly,
    tmpfs: spec.tmpfs,
    capAdd: spec.capAdd,
    capDrop: spec.capDrop,
    init: spec.init,
    ulimits: spec.ulimits,
    shmSize: spec.shmSize,
    sysctls: spec.sysctls,
    devices: spec.devices,
    securityOpt: spec.securityOpt,
    extraHosts: spec.extraHosts,
    files: placedFiles(instance, socketPath),
  };
}

/** The create call for one run of an instance's image and environment: a migration, or `stack run`. It publishes no ports. */
export function runConfig(
  stack: string,
  container: DesiredContainer,
  instance: DesiredInstance,
  run: {
    readonly name: string;
    readonly role: 'migration' | 'run';
    readonly generation: number;
    /** Null: the container's own words. */
    readonly command: readonly string[] | null;
    /** The words as the label may hold them. */
    readonly shown: readonly string[] | null;
    /** Of the image; a migration's record is found by it. */
    readonly imageId: string;
    readonly tty: boolean;
    readonly openStdin: boolean;
    /** The process that waits for it; absent where that cannot be told. */
    readonly owner?: string | null;
  },
): ContainerConfig {
  const socketPath = runSocket(instance, run);
  const base = filledConfig(container, instance, { name: run.name, imageId: run.imageId, socketPath }, stack);
  const spec: InstanceSpec = {
    ...instance.spec,
    ports: [],
    // Its own words bind a socket that nobody else clears away.
    socket: run.command === null && instance.socket !== null ? socketPath : null,
    ...(run.command === null ? {} : { command: run.shown, entrypoint: [] }),
  };
  return {
    ...base,
    ...(run.command === null ? {} : { command: run.command, entrypoint: [] }),
    labels: {
      ...instance.spec.labels,
      ...ownLabels(stack, container, instance, run.generation, run.role, spec),
      [labels.migrationImage]: run.imageId,
      ...(run.owner ? { [labels.runOwner]: run.owner } : {}),
    },
    ports: [],
    files: base.files.filter(isOfRuns),
    stopSignal: run.command === null ? base.stopSignal : null,
    tty: run.tty,
    openStdin: run.openStdin,
  };
}

/** The longest path of a socket, `sun_path` of unix(7) less the zero at its end. */
const LONGEST_PATH = 107;

/**
 * What a run's words and variables mean by the socket. A command that was given speaks to the instance; the container's
 * own words would serve, and must not take over the path that the instance serves on.
 */
function runSocket(
  { socket }: DesiredInstance,
  { name, command }: { readonly name: string; readonly command: readonly string[] | null },
): string {
  if (socket === null) return '';
  if (command !== null) return socket.published;
  const start = `${socket.directory}/.`;
  const room = LONGEST_PATH - new TextEncoder().encode(start).length;
  // The end of the name is what is unique, and the file alone counts in the folder.
  return start + name.slice(-Math.max(1, room));
}

const PLAIN_VOLUME = {
  type: 'volume',
  readOnly: false,
  noCopy: true,
  relabel: null,
  dataVolume: null,
} as const;

/** The create call for an agent. */
export function agentConfig(stack: string, spec: AgentSpec): ContainerConfig {
  const { engineSocket, metrics } = spec;
  // Whoever is told of jobs is asked from here: where the stack has no network of its own, from the host's.
  const apart = engineSocket === undefined ? 'none' : 'host';
  const network = spec.plane === 'host' ? 'host' : (spec.networks[0] ?? apart);
  return {
    ...bareConfig(spec.name, spec.image),
    ...(engineSocket === undefined
      ? {}
      : {
          // It waits all day: memory that only makes it faster is not taken (8 MB with 50 containers to ask).
          entrypoint: ['node', '--max-semi-space-size=1', '/stackc/scheduler.mjs'],
          command: [],
          env: [
            `STACKC_STACK=${stack}`,
            'MALLOC_ARENA_MAX=1',
            'UV_THREADPOOL_SIZE=4',
            ...(metrics === undefined ? [] : metricsEnv(metrics, { network, image: spec.image })),
          ],
        }),
    labels: { [labels.stack]: stack, [labels.role]: 'agent', [labels.spec]: canonicalJson(spec) },
    network,
    ports: metrics === undefined || network === 'host' ? [] : metricsPorts(metrics),
    mounts: [
      ...[
        ...spec.volumes.map((volume) => ({ source: volume, target: agentVolumePath(volume, '') })),
        { source: journalVolume(stack), target: JOURNAL_FOLDER },
      ].map((mount) => ({ ...mount, ...PLAIN_VOLUME })),
      ...(engineSocket === undefined ? [] : [engineMount(engineSocket)]),
      ...(metrics === undefined ? [] : metricsMounts(metrics)),
    ],
    // Who is connected to a socket stands in `/proc/<pid>/net/unix` of the one who connected.
    hostProcesses: spec.plane === 'stack',
    // It writes in directories of other users, or opens the engine's socket, and does nothing else that needs a right.
    capDrop: ['ALL'],
    capAdd: ['DAC_OVERRIDE', 'FOWNER'],
    securityOpt: ['no-new-privileges'],
    readOnly: true,
    // Where its sessions reach its first process.
    tmpfs: { '/run/stackc': 'mode=0700,size=64k' },
    restart: { name: 'unless-stopped', maxRetries: 0 },
    stopTimeoutS: 5,
  };
}

function ownLabels(
  stack: string,
  container: DesiredContainer,
  instance: DesiredInstance,
  generation: number,
  role: Role,
  spec: InstanceSpec,
): Readonly<Record<string, string>> {
  return {
    [labels.stack]: stack,
    [labels.application]: container.application,
    [labels.container]: container.name,
    [labels.instance]: instance.name,
    [labels.generation]: String(generation),
    [labels.role]: role,
    [labels.spec]: canonicalJson(spec),
  };
}

/** The create call that asks for nothing: no network, no mounts, every setting the engine's or the image's own. */
export function bareConfig(name: string, image: string): ContainerConfig {
  return {
    name,
    image,
    platform: null,
    labels: {},
    env: [],
    entrypoint: null,
    command: null,
    user: null,
    workingDir: null,
    hostname: null,
    network: 'none',
    links: [],
    hostProcesses: false,
    mounts: [],
    ports: [],
    restart: { name: 'no', maxRetries: 0 },
    stopSignal: null,
    stopTimeoutS: null,
    log: null,
    ...NO_OPTIONS,
    tty: false,
    openStdin: false,
    files: [],
  };
}
