import { METRICS_ADDRESS } from '../desired/metrics.ts';
import type { AgentMetrics } from './agent-spec.ts';

/** Where metrics are, in words: `` `/run/stackc/shop.sock` and `127.0.0.1:9464` ``. */
export function metricsPlaces(metrics: AgentMetrics): string {
  return placesOf(metrics)
    .map((place) => `\`${place}\``)
    .join(' and ');
}

/** Where metrics are, each as the host calls it. */
export function placesOf({ socket, port }: AgentMetrics): readonly string[] {
  return [...(socket === null ? [] : [socket]), ...(port === null ? [] : [`${METRICS_ADDRESS}:${port}`])];
}
