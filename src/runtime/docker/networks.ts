import { EngineError, type Engine } from '../engine.ts';
import { listOf } from './container-answers.ts';
import type { EngineLimits } from './engine-limits.ts';
import { unlessText } from './tolerance.ts';
import type { Transport } from './transport.ts';

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

interface Found {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The calls about networks. */
export function networkCalls(transport: Transport, { readMs, changeMs }: EngineLimits): NetworkCalls {
  const list = (filters: Readonly<Record<string, string[]>>): Promise<readonly Found[]> =>
    transport.ask('list networks', readMs, async (docker) => {
      const rows = await docker.listNetworks({ filters });
      return listOf(rows).map((row) => ({
        id: row.Id,
        name: row.Name,
        driver: row.Driver,
        labels: row.Labels ?? {},
      }));
    });
  // The engine's filter by name finds parts of names too, and its inspect takes ids for names.
  const named = async (name: string) =>
    (await list({ name: [name] })).find((network) => network.name === name);

  const create = async (name: string, labels: Readonly<Record<string, string>>): Promise<void> => {
    const operation = `create network ${name}`;
    try {
      await transport.ask(operation, changeMs, (docker) =>
        docker.createNetwork({ Name: name, CheckDuplicate: true, Driver: 'bridge', Labels: { ...labels } }),
      );
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== 409) throw error;
      const existing = await named(name);
      const fits = Object.entries(labels).every(([key, value]) => existing?.labels[key] === value);
      if (existing !== undefined && fits) return;
      throw new EngineError(
        'conflict',
        operation,
        `there is another network \`${name}\`, not made for this`,
        409,
      );
    }
  };

  return {
    listNetworks: async (labels) =>
      (await list({ label: [...labels] })).map((network) => network.name).sort(),
    networkDrivers: async () =>
      Object.fromEntries((await list({})).map(({ name, driver }) => [name, driver])),
    inspectNetwork: async (name) => (await named(name))?.id ?? null,
    createNetwork: create,

    async removeNetwork(name) {
      const operation = `remove network ${name}`;
      const network = encodeURIComponent(name);
      try {
        await transport.ask(operation, changeMs, (docker) => docker.getNetwork(network).remove());
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        if (error.status === 404) return 'removed';
        if (!/has active endpoints/.test(error.message)) throw error;
        const { Containers } = await transport.ask(`look at network ${name}`, readMs, (docker) =>
          docker.getNetwork(network).inspect(),
        );
        if (Object.keys(Containers ?? {}).length === 0) return 'miscounted';
        throw new EngineError('conflict', operation, error.message, error.status);
      }
      return 'removed';
    },

    connectNetwork: (network, container, aliases) =>
      transport
        .ask<void>(`connect ${container} to network ${network}`, changeMs, async (docker) => {
          const endpoint = aliases.length === 0 ? {} : { Aliases: [...aliases] };
          await docker
            .getNetwork(encodeURIComponent(network))
            .connect({ Container: container, EndpointConfig: endpoint });
        })
        .catch(unlessText(/endpoint with name .* already exists in network/)),

    disconnectNetwork: (network, container) =>
      transport
        .ask<void>(`disconnect ${container} from network ${network}`, changeMs, async (docker) => {
          await docker.getNetwork(encodeURIComponent(network)).disconnect({ Container: container });
        })
        .catch(unlessText(/is not connected to (the )?network/)),
  };
}
