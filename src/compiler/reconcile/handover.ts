import type { ContainerKey, DesiredContainer, DesiredState } from '../desired/desired-state.ts';
import type { InstanceSpec, PortSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import { placeKey, socketPlace } from './sockets.ts';

/**
 * Which containers of the file cannot start beside an instance that leaves: they want its host port, they are the only
 * writer of a volume that it writes to, they bind the very path that it serves on, or both sit in the host's network.
 * Sorted.
 */
export function clashes(
  leaving: readonly ObservedContainer[],
  desired: DesiredState,
): readonly ContainerKey[] {
  const specs = leaving.flatMap(({ spec }) => (spec === null ? [] : [spec]));
  if (specs.length === 0) return [];
  const writers = writersOf(desired);
  return desired.containers
    .filter((container) => container.mode !== 'cron' && specs.some((spec) => clash(container, spec, writers)))
    .map((container) => container.key)
    .sort();
}

function clash(
  container: DesiredContainer,
  leaving: InstanceSpec,
  writers: ReadonlyMap<string, number>,
): boolean {
  const { spec, socket } = container.template;
  const alone = container.strategy.order === 'stop-first';
  const ports = new Set(leaving.ports.map(portKey));
  if (spec.ports.some((port) => port.hostPort !== null && ports.has(portKey(port)))) return true;
  if (alone && spec.network === 'host' && leaving.network === 'host') return true;
  const written = new Set(writableVolumes(leaving));
  if (alone && writableVolumes(spec).some((volume) => written.has(volume) && writers.get(volume) === 1))
    return true;
  if (socket === null || socket.movable) return false;
  const place = socketPlace(leaving, new Set([socket.volume]));
  return place !== null && placeKey(place) === placeKey(socket);
}

/** How many containers of the file write to each volume. */
function writersOf(desired: DesiredState): ReadonlyMap<string, number> {
  const writers = new Map<string, number>();
  for (const { template } of desired.containers) {
    for (const volume of new Set(writableVolumes(template.spec)))
      writers.set(volume, (writers.get(volume) ?? 0) + 1);
  }
  return writers;
}

function writableVolumes(spec: InstanceSpec): readonly string[] {
  return spec.mounts.flatMap((mount) => (mount.type === 'volume' && !mount.readOnly ? [mount.source] : []));
}

/** Addresses are left out: a port on one address and on all of them clash as well. */
function portKey(port: PortSpec): string {
  return `${port.hostPort ?? 'any'}/${port.protocol}`;
}
