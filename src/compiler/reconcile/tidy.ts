import { generationSocketName } from '../desired/desired-state.ts';
import type { StopSpec } from '../desired/desired-state.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { existing, fileName, publish, unlink } from './steps.ts';
import type { SocketPlace } from './steps.ts';

/** Where the socket of a generation lies, told by its own label; null when it has none, or none that the agent can reach. */
export function socketPlace(spec: InstanceSpec | null, reach: ReadonlySet<string>): SocketPlace | null {
  const published = spec?.socket ?? null;
  if (spec === null || published === null) return null;
  const directory = published.slice(0, published.lastIndexOf('/'));
  const mount = spec.mounts
    .filter((m) => m.type === 'volume' && (directory === m.target || directory.startsWith(`${m.target}/`)))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return mount === undefined || !reach.has(mount.source)
    ? null
    : { published, volume: mount.source, volumePath: directory.slice(mount.target.length + 1) };
}

/** The volumes in which generations have their sockets, told by their own labels; sorted. */
export function socketVolumes(containers: readonly ObservedContainer[]): readonly string[] {
  const volumes = containers.flatMap(({ spec }) => {
    const mounted = new Set((spec?.mounts ?? []).flatMap((m) => (m.type === 'volume' ? [m.source] : [])));
    const place = socketPlace(spec, mounted);
    return place === null ? [] : [place.volume];
  });
  return [...new Set(volumes)].sort();
}

/** Removes a generation that an earlier apply left over. A half-made one may be published already: the link goes back first. */
export function tidyGeneration(
  builder: PlanBuilder,
  group: string,
  engineName: string,
  leftover: ObservedContainer,
  current: ObservedContainer | null,
  after: readonly NodeId[],
  reach: ReadonlySet<string>,
): readonly NodeId[] {
  const place = socketPlace(leftover.spec, reach);
  let last = after;
  const add = (verb: string, op: Operation, reason: string) => {
    last = [builder.add(group, `${verb} ${leftover.generation}`, op, last, reason)];
  };
  if (place !== null && leftover.phase !== 'failed') {
    const serves = current !== null && socketPlace(current.spec, reach)?.published === place.published;
    if (!serves) add('unpublish', unlink(place, fileName(place)), 'nobody current serves it');
    else if (leftover.phase === 'next') {
      add(
        'publish back',
        publish(place, generationSocketName(engineName, current.generation)),
        'the current one',
      );
    }
  }
  if (leftover.state !== 'created' && leftover.state !== 'exited' && leftover.state !== 'dead') {
    add('stop', { kind: 'container.stop', target: existing(leftover), timeoutS: null }, 'left over');
  }
  if (place !== null)
    add('clear', unlink(place, generationSocketName(engineName, leftover.generation)), 'left over');
  add('remove', { kind: 'container.remove', target: existing(leftover) }, 'left over');
  return last;
}

/**
 * Takes an instance out for good: its path first, so that nothing new comes, then the container and its socket.
 * `stop` is null for a container that the file does not name: it stops as it was made to.
 */
export function removeGenerations(
  builder: PlanBuilder,
  group: string,
  engineName: string,
  containers: readonly ObservedContainer[],
  after: readonly NodeId[],
  reach: ReadonlySet<string>,
  stop: StopSpec | null,
): readonly NodeId[] {
  let last = after;
  const add = (verb: string, op: Operation) => {
    last = [builder.add(group, verb, op, last, 'not in the file')];
  };
  const published = containers.map(({ spec }) => socketPlace(spec, reach)).find((place) => place !== null);
  if (published !== undefined && published !== null) add('unpublish', unlink(published, fileName(published)));
  for (const container of containers) {
    const place = socketPlace(container.spec, reach);
    const target = existing(container);
    const n = container.generation;
    const quiet = stop?.quietSignal ?? null;
    if (quiet !== null && container.state === 'running') {
      add(`quiet ${n}`, { kind: 'container.signal', target, signal: quiet });
    }
    add(`stop ${n}`, { kind: 'container.stop', target, timeoutS: stop?.timeoutS ?? null });
    if (place !== null) add(`clear ${n}`, unlink(place, generationSocketName(engineName, n)));
    add(`remove ${n}`, { kind: 'container.remove', target });
  }
  return last;
}
