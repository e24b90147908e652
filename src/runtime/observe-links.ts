import { labels } from '../compiler/labels.ts';
import type { LinkFound, ObservedAgent, ObservedLink } from '../compiler/observed/observed-state.ts';
import { agentVolumePath } from '../compiler/plan/agent-spec.ts';
import { fileName, mountedVolumes, placeKey, socketPlace } from '../compiler/reconcile/sockets.ts';
import type { SocketPlace } from '../compiler/reconcile/sockets.ts';
import { EngineError, type ContainerSummary, type Engine, type PathFacts } from './engine.ts';
import { agentVolumes, specOf } from './parse-spec.ts';

/** A plan is worth more than a look that takes longer. */
const LIMIT_MS = 1000;

/**
 * Looks at the published names of all instances that run. No session with an agent: the engine looks itself (1 ms each,
 * where a session takes more than 100), through the container of the agent that mounts the volume, since it has to mount
 * all that the container does, and through the instance's own where there is none.
 */
export async function observeLinks(
  engine: Pick<Engine, 'statPath'>,
  summaries: readonly ContainerSummary[],
  agents: readonly ObservedAgent[],
): Promise<readonly ObservedLink[]> {
  const places = publishedPlaces(summaries);
  if (places.length === 0) return [];
  const eyes = new Map<string, string>();
  for (const { id, spec } of agents) for (const volume of agentVolumes(spec)) eyes.set(volume, id);
  const links = places.map(async ({ place, id }): Promise<ObservedLink> => {
    const { volume, volumePath: path } = place;
    const name = fileName(place);
    const agent = eyes.get(volume);
    const found = await (agent === undefined
      ? look(engine, id, place.published)
      : look(engine, agent, `${agentVolumePath(volume, path)}/${name}`));
    return { volume, path, name, found };
  });
  return Promise.all(links);
}

interface Published {
  readonly place: SocketPlace;
  /** Of a container that mounts the volume. */
  readonly id: string;
}

/** Each once, told by the labels; ordered by {@link placeKey}. */
function publishedPlaces(summaries: readonly ContainerSummary[]): readonly Published[] {
  const places = new Map<string, Published>();
  for (const { id, labels: own, state } of summaries) {
    if (own[labels.role] !== 'instance' || (state !== 'running' && state !== 'paused')) continue;
    const spec = specOf(own);
    const place = socketPlace(spec, mountedVolumes(spec));
    if (place !== null) places.set(placeKey(place), { place, id });
  }
  return [...places].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, published]) => published);
}

async function look(engine: Pick<Engine, 'statPath'>, container: string, path: string): Promise<LinkFound> {
  try {
    const facts = await engine.statPath(container, path, LIMIT_MS);
    if (facts?.kind !== 'symlink') return foundAs(facts);
    const to = (facts.target ?? '').slice((facts.target ?? '').lastIndexOf('/') + 1);
    const there = await engine.statPath(container, `${path.slice(0, path.lastIndexOf('/'))}/${to}`, LIMIT_MS);
    return { kind: 'symlink', to, leads: there?.kind === 'socket' };
  } catch (error) {
    if (error instanceof EngineError) return { kind: 'unknown', why: error.message };
    throw error;
  }
}

function foundAs(facts: PathFacts | null): LinkFound {
  if (facts === null) return { kind: 'nothing' };
  return facts.kind === 'socket' ? { kind: 'socket' } : { kind: 'other', what: facts.kind };
}
