import type { DesiredContainer, DesiredState } from '../desired/desired-state.ts';
import { isHaproxy, writtenConfig } from '../balancer/planned.ts';
import { statsSocketOf } from '../balancer/runtime-socket.ts';

/**
 * Data volumes in which haproxys of the file tell how many sessions their servers have, where scaling follows that: the agent that
 * measures mounts them. Told by a configuration in `files`; of one that lies elsewhere it may be any data volume that it writes to.
 */
export function measuredVolumes({
  containers,
  volumes,
}: Pick<DesiredState, 'containers' | 'volumes'>): readonly string[] {
  const known = new Set(volumes.map(({ name }) => name));
  const named = new Set(
    containers.flatMap(({ scale, application }) =>
      balancersOf(scale).map((name) => `${application}/${name}`),
    ),
  );
  return containers
    .filter((one) => named.has(one.key) && isHaproxy(one))
    .flatMap(({ template, template: { spec } }) => {
      const config = writtenConfig(template);
      if (config === null)
        return spec.mounts.flatMap((m) => (m.type === 'volume' && !m.readOnly ? [m.source] : []));
      const socket = statsSocketOf({ spec }, config);
      return 'why' in socket ? [] : [socket.volume];
    })
    .filter((volume) => known.has(volume));
}

function balancersOf(scale: DesiredContainer['scale']): readonly string[] {
  return (scale?.sources ?? []).flatMap((source) =>
    source.kind === 'requests' || source.kind === 'waiting' ? [source.balancer] : [],
  );
}
