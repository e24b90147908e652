import { conditionOf, type Condition } from '../../compiler/heal/condition.ts';
import type { HealRoster } from '../../compiler/heal/roster.ts';
import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import { labels } from '../../compiler/labels.ts';
import type { ObservedLink } from '../../compiler/observed/observed-state.ts';
import { fileName, mountedVolumes, socketPlace } from '../../compiler/reconcile/sockets.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { observedAgents } from '../observe.ts';
import { observeLinks } from '../observe-links.ts';
import { specOf } from '../parse-spec.ts';

/** How all instances of a roster are: one list call, and a look at each published name. */
export async function lookAtInstances(
  engine: Pick<Engine, 'listContainers' | 'statPath'>,
  { stack, instances }: HealRoster,
): Promise<ReadonlyMap<InstanceKey, Condition>> {
  const rows = await engine.listContainers([`${labels.stack}=${stack}`]);
  const links = await observeLinks(engine, rows, observedAgents(rows));
  const byName = new Map(rows.map((row) => [row.name, row]));
  return new Map(
    instances.map(({ key, engineName }) => {
      const row = byName.get(engineName);
      const seen =
        row === undefined
          ? null
          : { state: row.state, health: healthOf(row), isPublished: isPublished(row, links) };
      return [key, conditionOf(seen)];
    }),
  );
}

/** The engine's own words end in it: `Up 3 minutes (unhealthy)`. */
function healthOf({ status }: ContainerSummary): 'none' | 'unhealthy' {
  return status.endsWith('(unhealthy)') ? 'unhealthy' : 'none';
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
