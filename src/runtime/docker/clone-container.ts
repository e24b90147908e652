import type { ContainerInspectInfo, EndpointSettings } from 'dockerode';

import type { ContainerClone } from '../engine.ts';
import type { CreateRequest } from './container-request.ts';

/** What a container is made with that is made as another one was, and which networks it joins after that. */
export interface CloneRequest {
  readonly create: CreateRequest;
  /** By network: API 1.41 takes no more than one at create. */
  readonly joins: readonly (readonly [string, EndpointSettings])[];
  /** `NAME=value`. */
  readonly env: readonly string[];
}

/** The create call for a container like one that was inspected (GET /containers/{id}/json): all but what only one can have. */
export function cloneRequest(row: ContainerInspectInfo, { name, labels }: ContainerClone): CloneRequest {
  // A MAC address, which is one container's own, stands in the configuration as well.
  const { Hostname, ExposedPorts: _ports, ...config } = { ...row.Config, MacAddress: undefined };
  const endpoints = Object.entries(row.NetworkSettings?.Networks ?? {}).map(
    ([network, endpoint]) => [network, endpointOf(endpoint, row)] as const,
  );
  const { NetworkMode: mode = '' } = row.HostConfig;
  const first = endpoints.filter(([network]) => network === mode);
  return {
    create: {
      _query: { name },
      _body: {
        ...config,
        // By its id: whatever the name means by now.
        Image: row.Image,
        Labels: labels,
        // The engine's own, where nobody has said one.
        ...(row.Id.startsWith(Hostname) ? {} : { Hostname }),
        HostConfig: {
          ...row.HostConfig,
          ContainerIDFile: '',
          PortBindings: {},
          PublishAllPorts: false,
          AutoRemove: false,
          RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
        },
        ...(first.length === 0 ? {} : { NetworkingConfig: { EndpointsConfig: Object.fromEntries(first) } }),
      },
    },
    joins: endpoints.filter(([network]) => network !== mode && !isFixed(mode)),
    env: row.Config.Env ?? [],
  };
}

/** In the network of the host, of nobody or of another container there is no other to join. */
function isFixed(mode: string): boolean {
  return mode === 'host' || mode === 'none' || mode === 'default' || mode.startsWith('container:');
}

/** Addresses are left out: two cannot have the same. */
function endpointOf(endpoint: EndpointSettings, { Id: id }: ContainerInspectInfo): EndpointSettings {
  const { Links: links, Aliases: aliases } = endpoint;
  return {
    ...(Array.isArray(links) ? { Links: links } : {}),
    Aliases: (aliases ?? []).filter((alias) => !id.startsWith(alias)),
  };
}
