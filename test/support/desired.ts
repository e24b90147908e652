import { SOCKET_HOLE } from '../../src/compiler/desired/desired-state.ts';
import type {
  ContainerKey,
  DesiredContainer,
  DesiredFile,
  DesiredInstance,
  DesiredState,
  EnvVar,
  InstanceKey,
  SocketSpec,
} from '../../src/compiler/desired/desired-state.ts';
import type { InstanceSpec, MountSpec } from '../../src/compiler/desired/instance-spec.ts';
import type {
  ObservedContainer,
  ObservedFile,
  ObservedLink,
  ObservedState,
} from '../../src/compiler/observed/observed-state.ts';
import { NOTHING_OBSERVED } from '../../src/compiler/observed/observed-state.ts';
import type { PlanRequest } from '../../src/compiler/plan/plan.ts';
import type { JobSpec } from '../../src/compiler/cron/job.ts';
import { canonicalJson } from '../../src/compiler/desired/canonical-json.ts';
import { NO_OPTIONS } from '../../src/compiler/desired/runtime-options.ts';
import { templateName } from '../../src/compiler/names.ts';
import { desiredAgents } from '../../src/compiler/reconcile/agents.ts';

/** What a test says of a container; everything else is a plain default. */
export interface ContainerSketch {
  readonly name: string;
  readonly mode?: DesiredContainer['mode'];
  readonly instances?: number;
  readonly after?: readonly string[];
  readonly image?: string;
  readonly imageId?: string | null;
  readonly pull?: DesiredContainer['image']['pull'];
  readonly build?: DesiredContainer['image']['build'];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly masked?: readonly string[];
  readonly order?: 'start-first' | 'stop-first';
  readonly batch?: number;
  readonly surge?: number;
  /** Nothing but its ports of the host is in the way of `start-first`. */
  readonly onlyPorts?: boolean;
  /** By default nobody is watched, so that a plan has no such operations. */
  readonly rollout?: Partial<DesiredContainer['rollout']>;
  readonly socket?: boolean;
  /** The program binds the published name itself. */
  readonly fixed?: boolean;
  readonly migration?: readonly string[];
  readonly spec?: Partial<InstanceSpec>;
  readonly gate?: DesiredInstance['gate'];
  /** The TCP port that it serves on. */
  readonly port?: number;
  readonly balancer?: string;
  /** Contents by path; a running program reads those of `reload` again on HUP. */
  readonly files?: Readonly<Record<string, string>>;
  readonly reload?: readonly string[];
  readonly notifications?: DesiredContainer['notifications'];
  readonly adopt?: readonly string[];
  readonly heal?: boolean;
  readonly scale?: DesiredContainer['scale'];
}

const NOWHERE = { start: { offset: 0, line: 1, column: 1 }, end: { offset: 0, line: 1, column: 1 } };

export const STACK = 'shop';

export const blankSpec: InstanceSpec = {
  version: 1,
  image: 'app:1',
  command: null,
  entrypoint: null,
  env: [],
  maskedEnv: [],
  user: null,
  workingDir: null,
  hostname: null,
  mounts: [],
  ports: [],
  network: 'stack',
  networks: [],
  links: [],
  restart: { name: 'unless-stopped', maxRetries: 0 },
  stopSignal: null,
  socket: null,
  ...NO_OPTIONS,
  labels: {},
  platform: null,
  files: [],
};

/** The job of a `cron` container that says nothing more of it. */
const hourly: JobSpec = {
  version: 1,
  schedule: ['59 * * * *'],
  timezone: 'UTC',
  overlap: 'skip',
  timeoutMs: null,
  catchUp: false,
  jitterMs: 0,
};

/** A desired state of one application called like its stack. */
export function desiredState(sketches: readonly ContainerSketch[]): DesiredState {
  const sockets = sketches.some((s) => s.socket === true);
  return {
    stack: STACK,
    networks: [{ name: STACK, application: STACK }],
    volumes: sockets
      ? [
          {
            name: 'shop-socks-run',
            application: STACK,
            dataVolume: 'socks',
            path: '/run/socks',
            adopted: false,
          },
        ]
      : [],
    containers: sketches.map(desiredContainer),
    included: [],
    hooks: [],
    heals: false,
    engineSocket: null,
    metrics: null,
  };
}

function desiredContainer(given: ContainerSketch): DesiredContainer {
  const sketch = given.mode === 'cron' ? jobSketch(given) : given;
  const image = sketch.image ?? `${sketch.name}:1`;
  const mode = sketch.mode ?? 'auto';
  return {
    key: key(sketch.name),
    name: sketch.name,
    application: STACK,
    mode,
    span: NOWHERE,
    after: (sketch.after ?? []).map(key),
    image: {
      reference: image,
      id: sketch.imageId === undefined ? `sha256:${image}` : sketch.imageId,
      pull: sketch.pull ?? null,
      ...(sketch.build === undefined ? {} : { build: sketch.build }),
    },
    instances: Array.from({ length: sketch.instances ?? 1 }, (_, index) =>
      desiredInstance(sketch, image, index),
    ),
    template: desiredInstance(sketch, image, 0),
    strategy: {
      order: sketch.order ?? 'start-first',
      why: 'as the test says',
      batch: sketch.batch ?? 1,
      surge: sketch.surge ?? 2 * (sketch.batch ?? 1),
      onlyPorts: sketch.onlyPorts ?? false,
    },
    rollout: { onFailure: 'rollback', monitorMs: 0, canary: null, ...sketch.rollout },
    migration:
      sketch.migration === undefined
        ? null
        : { command: sketch.migration, shown: sketch.migration, timeoutMs: 60_000, reversible: false },
    balancer: sketch.balancer === undefined ? null : { name: sketch.balancer, span: NOWHERE },
    migrationGates: [],
    notifications: sketch.notifications ?? [],
    heal: sketch.heal ?? true,
    scale: given.scale ?? null,
    job: mode === 'cron' ? { spec: hourly, heartbeat: null, onFailure: [] } : null,
  };
}

/** Whoever runs once serves nobody, and is not brought up again. */
function jobSketch(sketch: ContainerSketch): ContainerSketch {
  return { ...sketch, socket: false, spec: { ...sketch.spec, restart: { name: 'no', maxRetries: 0 } } };
}

function desiredInstance(sketch: ContainerSketch, image: string, index: number): DesiredInstance {
  const name = `${sketch.name}${index}`;
  const movable = sketch.socket === true && sketch.fixed !== true;
  const values = { ...sketch.env, ...(movable ? { LISTEN: SOCKET_HOLE } : {}) };
  const env: EnvVar[] = Object.entries(values).map(([variable, value]) => ({
    name: variable,
    value,
    masked: sketch.masked?.includes(variable) ?? false,
    tracked: true,
  }));
  const socket: SocketSpec | null =
    sketch.socket === true
      ? {
          published: `/run/socks/${name}.sock`,
          directory: '/run/socks',
          volume: 'shop-socks-run',
          volumePath: '',
          inferred: false,
          movable,
        }
      : null;
  const files = Object.entries(sketch.files ?? {}).map(
    ([path, content]): DesiredFile => ({
      path,
      content,
      mode: '0644',
      user: null,
      reload: sketch.reload?.includes(path) === true ? { kind: 'signal', signal: 'SIGHUP' } : null,
    }),
  );
  const mounts: InstanceSpec['mounts'] =
    socket === null
      ? []
      : [
          {
            type: 'volume',
            source: socket.volume,
            target: '/run/socks',
            readOnly: false,
            noCopy: true,
            relabel: null,
            dataVolume: 'socks',
          },
        ];
  return {
    key: `${STACK}/${name}` as InstanceKey,
    name,
    index,
    engineName: `${STACK}-${name}`,
    spec: {
      ...blankSpec,
      image,
      env: env.map((e) => e.name).sort(),
      maskedEnv: env
        .filter((e) => e.masked)
        .map((e) => e.name)
        .sort(),
      socket: socket?.published ?? null,
      mounts,
      files: files.map(({ path, mode, user }) => ({ path, mode, user })),
      ...sketch.spec,
    },
    command: sketch.command ?? null,
    entrypoint: null,
    env,
    hostname: null,
    stopSignal: null,
    log: null,
    gate: sketch.gate ?? { kind: 'engine', limitMs: 60_000, uptimeMs: 1_000 },
    stop: { signal: 'TERM', quietSignal: null, timeoutS: 30, drainS: 30, why: 'default' },
    port: sketch.port ?? null,
    socket,
    adopt: sketch.adopt ?? null,
    files,
  };
}

function key(name: string): ContainerKey {
  return `${STACK}/${name}` as ContainerKey;
}

/** An engine that holds nothing of the stack. */
export const nothing: ObservedState = NOTHING_OBSERVED;

/** What an operator asks for by default. */
export const plainRequest: PlanRequest = {
  include: [],
  force: [],
  only: [],
  allowRemoveAll: false,
  offline: false,
  agentImage: 'stackc/agent:test',
  agentImagePresent: true,
  engineSocket: '/var/run/docker.sock',
};

function restartText({ name, maxRetries }: InstanceSpec['restart']): string {
  return name === 'on-failure' && maxRetries > 0 ? `${name}:${maxRetries}` : name;
}

/** The engine after a successful apply of `desired`, as far as planning sees it. */
export function settled(desired: DesiredState): ObservedState {
  return {
    ...nothing,
    networks: desired.networks.map((n) => n.name),
    ownNetworks: desired.networks.map((n) => n.name),
    volumes: desired.volumes,
    agents: desiredAgents(desired, nothing, plainRequest, []).map((agent) => ({
      name: agent.name,
      id: `id-${agent.name}`,
      state: 'running',
      spec: canonicalJson(agent),
      networks: agent.networks,
    })),
    links: desired.containers.flatMap(({ instances }) =>
      instances.flatMap(({ socket, name, engineName }): readonly ObservedLink[] =>
        socket === null
          ? []
          : [
              {
                volume: socket.volume,
                path: socket.volumePath,
                name: `${name}.sock`,
                found: socket.movable
                  ? { kind: 'symlink', to: `.${engineName}.1`, leads: true }
                  : { kind: 'socket' },
              },
            ],
      ),
    ),
    containers: desired.containers
      .filter((c) => c.mode !== 'cron')
      .flatMap((container) => container.instances.map((instance) => settledContainer(container, instance))),
    templates: desired.containers
      .filter((c) => c.mode === 'cron')
      .map((container) => ({
        ...settledContainer(container, container.template),
        id: `id-${container.name}-template`,
        engineName: templateName(desired.stack, container.application, container.name),
        role: 'template',
        state: 'created',
        startedAt: null,
        job: container.job?.spec ?? null,
      })),
  };
}

function settledContainer(container: DesiredContainer, instance: DesiredInstance): ObservedContainer {
  return {
    id: `id-${instance.name}-1`,
    engineName: instance.engineName,
    role: 'instance',
    key: instance.key,
    application: container.application,
    container: container.name,
    instance: instance.name,
    generation: 1,
    phase: 'current',
    state: 'running',
    exitCode: null,
    restarts: 0,
    startedAt: '2026-01-01T00:00:00Z',
    health: 'none',
    imageId: container.image.id ?? `sha256:${container.image.reference}`,
    spec: { ...instance.spec, port: instance.port },
    env: instance.env.map(
      (e) => `${e.name}=${e.value.replaceAll(SOCKET_HOLE, `/run/socks/.${instance.engineName}.1`)}`,
    ),
    command: null,
    entrypoint: null,
    restart: restartText(instance.spec.restart),
    stopSignal: instance.stopSignal ?? instance.stop.signal,
    stopTimeoutS: instance.stop.timeoutS,
    networks: { [STACK]: [] },
    anonymousVolumes: [],
    memory: 0,
    nanoCpus: 0,
    files: {
      found: instance.files.map(
        ({ path, content, mode, user }): ObservedFile => ({
          path,
          content: typeof content === 'string' ? new TextEncoder().encode(content) : content,
          mode,
          owner: user,
          byHand: false,
        }),
      ),
      reloading: false,
    },
    job: null,
    migration: null,
  };
}

/** Where a haproxy has its runtime socket, within the agent's reach. */
export const adminVolume: MountSpec = {
  type: 'volume',
  source: 'shop-admin',
  target: '/admin',
  readOnly: false,
  noCopy: true,
  relabel: null,
  dataVolume: 'admin',
};
