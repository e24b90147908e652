import { labels } from '../compiler/labels.ts';
import { SERVED_FILE, servedPlacesFrom } from '../compiler/metrics/served-places.ts';
import type { AgentMetrics } from '../compiler/plan/agent-spec.ts';
import type { ContainerSummary, Engine } from '../runtime/engine.ts';
import { isRecord, parseJson } from '../runtime/parse-spec.ts';

/** Where an agent serves metrics, by its label; null: nowhere, and where another version has written that otherwise. */
export function metricsOf({ labels: own }: Pick<ContainerSummary, 'labels'>): AgentMetrics | null {
  const spec = parseJson(own[labels.spec]);
  const metrics = isRecord(spec) ? spec['metrics'] : null;
  if (!isRecord(metrics)) return null;
  const { socket, port } = metrics;
  return {
    socket: typeof socket === 'string' ? socket : null,
    port: typeof port === 'number' ? port : null,
  };
}

/** Where an agent should serve metrics and cannot, and why. */
export type Unserved = ReadonlyMap<string, string>;

/** By what the agent has kept of it, one read of the engine; none where it serves none, or does not run. Rejects with `EngineError`. */
export async function unservedMetrics(
  engine: Pick<Engine, 'fetchFile'>,
  agent: Pick<ContainerSummary, 'id' | 'state' | 'labels'> | null,
): Promise<Unserved> {
  if (agent === null || agent.state !== 'running' || metricsOf(agent) === null) return new Map();
  const found = await engine.fetchFile(agent.id, SERVED_FILE);
  const kept = found?.kind === 'file' ? servedPlacesFrom(new TextDecoder().decode(found.content)) : null;
  return new Map((kept?.places ?? []).flatMap(({ at, why }) => (why === null ? [] : [[at, why]])));
}

/** In words, with what to do; null: there is no such place. */
export function whyUnserved(unserved: Unserved): string | null {
  if (unserved.size === 0) return null;
  const places = [...unserved].map(([at, why]) => `no metrics are served at \`${at}\`: ${why}`);
  return `${places.join('; ')}; the agent tries again until it can, or \`agent.metrics\` names another place`;
}
