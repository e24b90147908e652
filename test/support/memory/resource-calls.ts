import { EngineError, type Engine } from '../../../src/runtime/engine.ts';
import { conflict, notFound } from './failures.ts';
import { hasLabels, type World } from './world.ts';

type VolumeCalls = Pick<Engine, 'listVolumes' | 'createVolume' | 'removeVolume'>;
type NetworkCalls = Pick<
  Engine,
  | 'listNetworks'
  | 'networkDrivers'
  | 'inspectNetwork'
  | 'createNetwork'
  | 'removeNetwork'
  | 'connectNetwork'
  | 'disconnectNetwork'
>;

/** The calls about volumes, on a {@link World}. */
export function volumeCalls(world: World): VolumeCalls {
  const { volumes, containers } = world;
  return {
    async listVolumes(labels) {
      await world.record('listVolumes', labels);
      const rows = [...volumes].map(([name, own]) => ({ name, labels: own }));
      return rows.filter((row) => hasLabels(row.labels, labels)).sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async createVolume(name, labels) {
      await world.record('createVolume', name);
      if (!volumes.has(name)) volumes.set(name, labels);
    },
    async removeVolume(name) {
      await world.record('removeVolume', name);
      const user = [...containers.values()].find(({ config }) =>
        config.mounts.some(({ source }) => source === name),
      );
      if (user) throw conflict(`remove volume ${name}`, `remove ${name}: volume is in use - [${user.id}]`);
      volumes.delete(name);
    },
  };
}

/** The calls about networks, on a {@link World}. */
export function networkCalls(world: World): NetworkCalls {
  const { networks, containers } = world;
  const need = (name: string, operation: string) => {
    if (!networks.has(name)) throw notFound(operation, `network: ${name}`);
  };
  return {
    async listNetworks(labels) {
      await world.record('listNetworks', labels);
      const found = [...networks].filter(([, network]) => hasLabels(network.labels, labels));
      return found.map(([name]) => name).sort();
    },
    async networkDrivers() {
      await world.record('networkDrivers');
      return Object.fromEntries([...networks.keys()].map((name) => [name, 'bridge']));
    },
    async inspectNetwork(name) {
      await world.record('inspectNetwork', name);
      return networks.get(name)?.id ?? null;
    },
    async createNetwork(name, labels) {
      await world.record('createNetwork', name);
      const existing = networks.get(name);
      const wanted = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
      if (existing === undefined) networks.set(name, { id: world.nextId(), labels });
      else if (!hasLabels(existing.labels, wanted)) {
        throw conflict(`create network ${name}`, `there is another network \`${name}\`, not made for this`);
      }
    },
    async removeNetwork(name) {
      await world.record('removeNetwork', name);
      const user = [...containers.values()].find((other) => other.isRunning && other.networks.has(name));
      if (user) throw conflict(`remove network ${name}`, `network ${name} has active endpoints`);
      networks.delete(name);
      return 'removed';
    },
    async connectNetwork(network, id, aliases) {
      await world.record('connectNetwork', network, id, aliases);
      const operation = `connect ${id} to network ${network}`;
      const container = world.need(id, operation);
      // One that does not run is told at its start.
      if (container.isRunning) need(network, operation);
      if (container.config.network === 'host') {
        const text = 'container cannot be connected to any other network: it shares that of the host';
        throw new EngineError('denied', operation, text, 403);
      }
      if (!container.networks.has(network)) container.networks.set(network, [...aliases].sort());
    },
    async disconnectNetwork(network, id) {
      await world.record('disconnectNetwork', network, id);
      const operation = `disconnect ${id} from network ${network}`;
      need(network, operation);
      world.need(id, operation).networks.delete(network);
    },
  };
}
