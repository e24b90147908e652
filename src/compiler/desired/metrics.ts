import type { StackSpec } from '../spec/stack-spec.ts';
import type { DesiredMetrics } from './desired-state.ts';
import type { HostPort } from './host-port.ts';
import type { Resolution } from './resolution.ts';

/** The only address of the host on which metrics are ever served. */
export const METRICS_ADDRESS = '127.0.0.1';

/** The port of the host that metrics take. */
export function metricsPort(port: number): HostPort {
  return { hostPort: port, hostIp: METRICS_ADDRESS, protocol: 'tcp' };
}

/** Where metrics are served, once all containers have their ports: `STK315` where one of the file has that one. */
export function resolveMetrics(
  { metrics, source, applications }: StackSpec,
  { hostPorts, problems }: Resolution,
): DesiredMetrics | null {
  if (metrics === null) return null;
  const { socket, port, range } = metrics;
  if (port !== null) {
    hostPorts.demand(metricsPort(port), 'agent.metrics', range);
    const onHost = applications
      .flatMap(({ containers }) => containers)
      .find((one) => one.network.mode === 'host' && one.port?.port === port && one.mode !== 'cron');
    if (onHost !== undefined)
      problems.error(
        'STK315',
        `port ${port}/tcp of the host, which \`agent.metrics\` wants, is taken by \`${onHost.name}\``,
        range,
        {
          related: [
            {
              range: onHost.port?.range ?? onHost.range,
              message: 'it serves there, in the network of the host',
            },
          ],
          help: 'choose another port',
        },
      );
  }
  return { socket, port, span: source.span(range) };
}
