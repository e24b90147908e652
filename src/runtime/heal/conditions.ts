import { conditionOf, type Condition } from '../../compiler/heal/condition.ts';
import type { HealRoster } from '../../compiler/heal/roster.ts';
import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import { labels } from '../../compiler/labels.ts';
import type { ObservedLink } from '../../compiler/observed/observed-state.ts';
import { fileName, mountedVolumes, socketPlace } from '../../compiler/reconcile/sockets.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { listedHealth } from '../listed-health.ts';
import { observedAgents } from '../observe.ts';
import { observeLinks } from '../observe-links.ts';
import { specOf } from '../parse-spec.ts';
import { currentRows, type CurrentRow } from './current-rows.ts';
import { questionsOf, type HealQuestion } from './questions.ts';

/** How all instances of a roster are, and what those that run can be asked. */
export interface Look {
  readonly conditions: ReadonlyMap<InstanceKey, Condition>;
  readonly questions: ReadonlyMap<InstanceKey, HealQuestion>;
}

/** One list call, a look at each published name, and an inspect for each that was adopted. Rejects with `EngineError`. */
export async function lookAtInstances(
  engine: Pick<Engine, 'listContainers' | 'statPath' | 'inspectContainer'>,
  roster: HealRoster,
): Promise<Look> {
  const rows = await engine.listContainers([`${labels.stack}=${roster.stack}`]);
  const agents = observedAgents(rows);
  const [links, current] = await Promise.all([
    observeLinks(engine, rows, agents),
    currentRows(engine, rows, roster),
  ]);
  const conditions = new Map(
    roster.instances.map(({ key }) => [key, conditionOf(seenAs(current.get(key), links))]),
  );
  const asked = new Map([...current].filter(([key]) => conditions.get(key) === 'well'));
  return { conditions, questions: questionsOf(asked, roster.stack, agents) };
}

function seenAs(found: CurrentRow | undefined, links: readonly ObservedLink[]) {
  if (found === undefined) return null;
  if (found.kind === 'adopted') return { ...found.details, isPublished: true };
  const { row } = found;
  return { state: row.state, health: listedHealth(row), isPublished: isPublished(row, links) };
}

/** Whether the published name leads to anybody; true where nobody could look. */
function isPublished(row: ContainerSummary, links: readonly ObservedLink[]): boolean {
  const spec = specOf(row.labels);
  const place = socketPlace(spec, mountedVolumes(spec));
  if (place === null) return true;
  const link = links.find(
    ({ volume, path, name }) =>
      volume === place.volume && path === place.volumePath && name === fileName(place),
  );
  if (link === undefined) return true;
  return link.found.kind !== 'nothing' && (link.found.kind !== 'symlink' || link.found.leads);
}
