import { METRICS_ADDRESS } from '../desired/metrics.ts';
import type { AgentMetrics } from './agent-spec.ts';

/** Where metrics are, in words: `` `/run/stackc/shop.sock` and `127.0.0.1:9464` ``. */
export function metricsPlaces({ socket, port }: AgentMetrics): string {
  const places = [
    ...(socket === null ? [] : [socket]),
    ...(port === null ? [] : [`${METRICS_ADDRESS}:${port}`]),
  ];
  return places.map((place) => `\`${place}\``).join(' and ');
}
