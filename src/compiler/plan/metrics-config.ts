import { METRICS_ADDRESS } from '../desired/metrics.ts';
import { METRICS_FOLDER, METRICS_PORT, type AgentMetrics } from './agent-spec.ts';
import type { ContainerConfig } from './container-config.ts';

/**
 * What an agent is told of where to serve metrics, by the host's own names, and where to listen for that. In the host's network
 * it listens at the loopback itself.
 */
export function metricsEnv(
  { socket, port }: AgentMetrics,
  { network, image }: { readonly network: string; readonly image: string },
): readonly string[] {
  const listen = network === 'host' ? `${METRICS_ADDRESS}:${port}` : `0.0.0.0:${METRICS_PORT}`;
  return [
    `STACKC_VERSION=${image.slice(image.lastIndexOf(':') + 1)}`,
    ...(socket === null ? [] : [`STACKC_METRICS_SOCKET=${socket}`]),
    ...(port === null
      ? []
      : [`STACKC_METRICS_LISTEN=${listen}`, `STACKC_METRICS_AT=${METRICS_ADDRESS}:${port}`]),
  ];
}

/** The folder of the host that the socket lies in. The engine makes a missing one: `/run` is empty after a restart of the machine. */
export function metricsMounts({ socket }: AgentMetrics): ContainerConfig['mounts'] {
  if (socket === null) return [];
  const source = socket.slice(0, socket.lastIndexOf('/'));
  const target = METRICS_FOLDER;
  return [{ type: 'bind', source, target, readOnly: false, noCopy: false, relabel: null, dataVolume: null }];
}

/** Published on the loopback, and nowhere else. */
export function metricsPorts({ port }: AgentMetrics): ContainerConfig['ports'] {
  if (port === null) return [];
  return [{ containerPort: METRICS_PORT, hostPort: port, hostIp: METRICS_ADDRESS, protocol: 'tcp' }];
}
