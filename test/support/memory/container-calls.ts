import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import { EngineError, type Engine } from '../../../src/runtime/engine.ts';
import { conflict, notFound, serverError } from './failures.ts';
import { attachTo } from './memory-attach.ts';
import { MemoryContainer } from './memory-container.ts';
import { memorySetup } from './memory-setup.ts';
import { readLog } from './read-log.ts';
import { hasLabels, type World } from './world.ts';

type ContainerCalls = Pick<
  Engine,
  | 'listContainers'
  | 'containerBytes'
  | 'usage'
  | 'volumeProcesses'
  | 'processes'
  | 'inspectContainer'
  | 'containerSetup'
  | 'findContainer'
  | 'createContainer'
  | 'cloneContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'killContainer'
  | 'unpauseContainer'
  | 'removeContainer'
  | 'renameContainer'
  | 'updateRestart'
  | 'waitContainer'
  | 'attach'
  | 'watchStarts'
  | 'watchChanges'
  | 'lastExit'
  | 'logs'
>;

/** By every container. */
const WRITTEN_BYTES = 1_000;

const POLICIES = ['no', 'always', 'unless-stopped', 'on-failure'] as const;

/** The calls about containers, on a {@link World}. */
export function containerCalls(world: World): ContainerCalls {
  const { containers, volumes, networks } = world;
  return {
    async listContainers(labels) {
      await world.record('listContainers', labels);
      const found = [...containers.values()].filter(({ config }) => hasLabels(config.labels, labels));
      return found.reverse().map((container) => container.summary());
    },
    async containerBytes(ids) {
      await world.record('containerBytes', ids);
      return new Map(ids.flatMap((id) => (containers.has(id) ? [[id, WRITTEN_BYTES] as const] : [])));
    },
    async usage(id) {
      await world.record('usage', id);
      const { state } = world.find(id)?.details() ?? { state: null };
      return state === 'running' ? { atMs: 1, cpuNs: 0, cpus: 1, memory: { bytes: 0, limit: 1 } } : null;
    },
    async volumeProcesses(volume) {
      await world.record('volumeProcesses', volume);
      return [...containers.values()]
        .map((container) => container.details())
        .filter(({ pid, mounts }) => pid > 0 && mounts.some(({ name }) => name === volume))
        .map(({ pid }) => pid);
    },
    async processes(id) {
      await world.record('processes', id);
      const { state, pid } = world.find(id)?.details() ?? { state: null, pid: 0 };
      return state === 'running' ? [{ pid, title: 'app' }] : [];
    },
    async containerSetup(id) {
      await world.record('containerSetup', id);
      const container = world.find(id);
      return container === null ? null : memorySetup(container);
    },
    async inspectContainer(id) {
      await world.record('inspectContainer', id);
      return world.find(id)?.details() ?? null;
    },
    async findContainer(name) {
      await world.record('findContainer', name);
      const found = [...containers.values()].find((container) => container.name === name);
      return found?.details() ?? null;
    },
    async createContainer(config) {
      await world.record('createContainer', config);
      const operation = `create container ${config.name}`;
      const image = world.images.find(config.image);
      if (image === null) throw notFound(operation, `image: ${config.image}`);
      world.needFreeName(config.name, operation);
      for (const { type, source } of config.mounts) {
        if (type === 'volume' && source !== '' && !volumes.has(source)) volumes.set(source, {});
      }
      const { clock, behaviourOf } = world;
      const onChange: World['tell'] = (changed, what) => world.tell(changed, what);
      const container = new MemoryContainer({
        id: world.nextId(),
        config,
        image,
        clock,
        behaviourOf,
        onChange,
      });
      containers.set(container.id, container);
      return container.id;
    },
    async cloneContainer(id, clone) {
      await world.record('cloneContainer', id, clone);
      const operation = `create container ${clone.name}`;
      const { config, image, networks: joined } = world.need(id, operation);
      world.needFreeName(clone.name, operation);
      const { clock, behaviourOf } = world;
      const container = new MemoryContainer({
        id: world.nextId(),
        config: {
          ...config,
          ...clone,
          image: image.id,
          ports: [],
          restart: { name: 'no', maxRetries: 0 },
          files: [],
        },
        image,
        clock,
        behaviourOf,
        onChange: (changed, what) => world.tell(changed, what),
      });
      for (const [network, aliases] of joined) container.networks.set(network, aliases);
      containers.set(container.id, container);
      return container.id;
    },
    async startContainer(id) {
      await world.record('startContainer', id);
      const operation = `start container ${id}`;
      const container = world.need(id, operation);
      if (container.state === 'paused') {
        throw conflict(operation, 'cannot start a paused container, try unpause instead');
      }
      if (container.isRunning) return false;
      for (const network of container.networks.keys()) {
        if (!networks.has(network)) throw notFound(operation, `network ${network} not found`);
      }
      const taken = takenPort(container.config, containers.values());
      if (taken !== null) {
        throw serverError(operation, `Bind for 0.0.0.0:${taken} failed: port is already allocated`);
      }
      const error = container.start();
      if (error !== null) throw serverError(operation, error);
      return true;
    },
    async stopContainer(id, timeoutS) {
      await world.record('stopContainer', id, timeoutS);
      const container = world.find(id);
      if (container?.isRunning !== true) return false;
      await container.stop(timeoutS);
      return true;
    },
    async killContainer(id, signal) {
      await world.record('killContainer', id, signal);
      const operation = `signal container ${id}`;
      const container = world.need(id, operation);
      if (!container.isRunning) throw conflict(operation, `Container ${id} is not running`);
      container.signal(signal);
    },
    async unpauseContainer(id) {
      await world.record('unpauseContainer', id);
      const operation = `unpause container ${id}`;
      const container = world.need(id, operation);
      if (container.state !== 'paused') throw serverError(operation, `Container ${id} is not paused`);
      container.state = 'running';
    },
    async removeContainer(id, { force = true } = {}) {
      await world.record('removeContainer', id);
      const container = world.find(id);
      if (container === null) return;
      if (!force && container.state === 'running')
        throw conflict(`remove container ${id}`, 'it is running: stop it before, or force the removal');
      container.remove();
      containers.delete(container.id);
      world.tell(container, 'removal');
    },
    async renameContainer(id, name) {
      await world.record('renameContainer', id, name);
      const operation = `rename container ${id} to ${name}`;
      const container = world.need(id, operation);
      if (container.name === name) return;
      world.needFreeName(name, operation);
      if (container.state === 'restarting')
        throw new EngineError('between-runs', operation, 'it waits to be started again', 500);
      container.name = name;
      world.tell(container, 'rename');
    },
    async updateRestart(id, policy, maxRetries) {
      await world.record('updateRestart', id, policy, maxRetries);
      const operation = `set the restart policy of ${id}`;
      const known = POLICIES.find((name) => name === policy);
      if (known === undefined)
        throw new EngineError('invalid', operation, `invalid restart policy ${policy}`, 400);
      world.need(id, operation).restart = { name: known, maxRetries };
    },
    async waitContainer(id, signal) {
      await world.record('waitContainer', id);
      const operation = `wait for container ${id}`;
      const container = world.need(id, operation);
      if (container.state === 'exited') return container.exitCode;
      const code = signal?.aborted ? null : await container.nextExit(signal);
      if (code === null) throw new EngineError('cut-off', operation, 'interrupted');
      return code;
    },
    async attach(id, options) {
      await world.record('attach', id);
      return attachTo(world.need(id, `attach to ${id}`), options);
    },
    async watchStarts(labels, signal) {
      await world.record('watchStarts', labels);
      return world.watch(['start'], labels, signal);
    },
    async watchChanges(labels, signal) {
      await world.record('watchChanges', labels);
      return world.watch(['start', 'end', 'removal', 'rename'], labels, signal);
    },
    async lastExit(id) {
      await world.record('lastExit', id);
      return world.find(id)?.lastExit ?? null;
    },
    async *logs(id, options) {
      await world.record('logs', id);
      yield* readLog(world.need(id, `read the log of ${id}`), options);
    },
  };
}

function takenPort(config: ContainerConfig, others: Iterable<MemoryContainer>): number | null {
  const wanted = hostPorts(config);
  for (const other of others) {
    if (other.state !== 'running') continue;
    const taken = hostPorts(other.config).find((port) => wanted.some((own) => own.key === port.key));
    if (taken) return taken.port;
  }
  return null;
}

function hostPorts({ ports }: ContainerConfig): readonly { key: string; port: number }[] {
  return ports.flatMap(({ hostPort, protocol, hostIp }) =>
    hostPort === null ? [] : [{ key: `${hostIp ?? ''}:${hostPort}/${protocol}`, port: hostPort }],
  );
}
