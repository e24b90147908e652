import type { Teller } from '../balancer/tellers.ts';
import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredState, SocketSpec } from '../desired/desired-state.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import { agentVolumePath } from '../plan/agent-spec.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { Outgoing } from './turn.ts';

/** Where a published socket lies. */
export type SocketPlace = Pick<SocketSpec, 'published' | 'volume' | 'volumePath'>;

/** What is known of all sockets of a stack while its instances are planned one by one. */
export interface SocketScope {
  /** The volumes that the plan's agent mounts. */
  readonly reach: ReadonlySet<string>;
  /** The plan has the agent that counts connections. */
  readonly isCounted: boolean;
  /** The published names that instances of the file serve on, by {@link placeKey}: whoever leaves lets them be. */
  readonly wanted: ReadonlySet<string>;
  /** How many connections to a new generation show that the balancers count on it. */
  readonly arrivals: (engineName: string, old: ObservedContainer | null) => number;
  /** The haproxys that list an instance over TCP and can be told where it is, by its engine name. */
  readonly tellers: ReadonlyMap<string, readonly Teller[]>;
}

/** Tells published names apart, however containers mount the volume. */
export function placeKey(place: SocketPlace): string {
  return [place.volume, place.volumePath, fileName(place)].join(' ');
}

/** The published names of all instances of the file. */
export function wantedPlaces(desired: DesiredState): ReadonlySet<string> {
  const daemons = desired.containers.filter((container) => container.mode !== 'cron');
  return new Set(
    daemons.flatMap(({ instances }) =>
      instances.flatMap(({ socket }) => (socket === null ? [] : [placeKey(socket)])),
    ),
  );
}

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
export function socketVolumes(containers: readonly Pick<ObservedContainer, 'spec'>[]): readonly string[] {
  const volumes = containers.flatMap(({ spec }) => socketPlace(spec, mountedVolumes(spec))?.volume ?? []);
  return [...new Set(volumes)].sort();
}

/** The volumes that a generation mounts. */
export function mountedVolumes(spec: InstanceSpec | null): ReadonlySet<string> {
  return new Set((spec?.mounts ?? []).flatMap(({ type, source }) => (type === 'volume' ? [source] : [])));
}

/** Whether a generation serves on a path of its own, so that the published name can lead to it: its words or variables say so. */
export function hasOwnSocket(container: ObservedContainer, engineName: string): boolean {
  const published = container.spec?.socket ?? null;
  if (published === null) return false;
  const directory = published.slice(0, published.lastIndexOf('/'));
  const own = `${directory}/${generationSocketName(engineName, container.generation)}`;
  const words = [...(container.command ?? []), ...(container.entrypoint ?? []), ...container.env];
  return words.some((word) => word.includes(own));
}

/** Removes a file of the socket's directory. */
export function unlink(
  socket: SocketPlace,
  name: string,
): Extract<Operation, { readonly kind: 'socket.unlink' }> {
  return { kind: 'socket.unlink', volume: socket.volume, path: socket.volumePath, name };
}

/** Waits until nobody is connected to a socket: `name` is the file by now, `bound` as the kernel knows it. */
export function drain(
  { volume, volumePath: path }: SocketPlace,
  name: string,
  bound: string,
  target: ContainerRef,
  limitS: number,
): Operation {
  return { kind: 'socket.drain', volume, path, name, bound, target, limitS };
}

/** The same for an old generation's own socket, or the one that was kept under that name. */
export function drainOld(place: SocketPlace, engineName: string, old: Outgoing, limitS: number): Operation {
  const name = generationSocketName(engineName, old.generation);
  // The kernel knows a socket by its first name, whatever it is called by now.
  return drain(place, name, old.hasOwnSocket ? name : fileName(place), old.ref, limitS);
}

/** The longest path that the kernel takes for a socket. */
const MAX_PATH_BYTES = 107;

/** The agent's own listener while a generation stops that has no successor yet. */
function holdName(engineName: string): string {
  return `.hold.${engineName}`;
}

/** Whether the agent can listen beside a published path, and others can reach it there. */
export function canHold(socket: SocketSpec, engineName: string): boolean {
  const directories = [socket.directory, agentVolumePath(socket.volume, socket.volumePath)];
  return directories.every((at) => `${at}/${holdName(engineName)}`.length <= MAX_PATH_BYTES);
}

/** Keeps what comes to the published path; at the limit it goes back to the old generation. */
export function hold(socket: SocketSpec, engineName: string, old: Outgoing, limitS: number): Operation {
  return {
    kind: 'socket.hold',
    volume: socket.volume,
    path: socket.volumePath,
    link: fileName(socket),
    as: holdName(engineName),
    back: generationSocketName(engineName, old.generation),
    kept: !old.hasOwnSocket,
    limitS,
  };
}

/** Ends {@link hold}: publishes a generation's socket once it accepts connections, and hands over what was kept. */
export function release(socket: SocketPlace, to: string, limitS: number): Operation {
  return {
    kind: 'socket.release',
    volume: socket.volume,
    path: socket.volumePath,
    link: fileName(socket),
    to,
    limitS,
  };
}

/** Waits until a balancer has come to a generation's socket. */
export function reached(
  socket: SocketSpec,
  engineName: string,
  target: ContainerRef,
  generation: number,
  { count, limitS }: { readonly count: number; readonly limitS: number },
): Operation {
  const { volume, volumePath: path } = socket;
  return {
    kind: 'socket.reached',
    volume,
    path,
    name: boundName(socket, engineName, generation),
    target,
    count,
    limitS,
  };
}

/** Points the published name at `to`. */
export function publish(socket: SocketPlace, to: string): Operation {
  return {
    kind: 'socket.publish',
    volume: socket.volume,
    path: socket.volumePath,
    link: fileName(socket),
    to,
  };
}

/** Gives the socket that a generation bound at its published name the name that it would have of its own. */
export function keep(socket: SocketPlace, engineName: string, generation: number): Operation {
  const as = generationSocketName(engineName, generation);
  return { kind: 'socket.keep', volume: socket.volume, path: socket.volumePath, name: fileName(socket), as };
}

/** Takes {@link keep} back. */
export function restore(socket: SocketPlace, engineName: string, generation: number): Operation {
  const from = generationSocketName(engineName, generation);
  return {
    kind: 'socket.restore',
    volume: socket.volume,
    path: socket.volumePath,
    name: fileName(socket),
    from,
  };
}

/** The file that a generation binds: its own, or the published name itself where the program cannot be told another. */
export function boundName(
  socket: Pick<SocketSpec, 'published' | 'movable'>,
  engineName: string,
  generation: number,
): string {
  return socket.movable ? generationSocketName(engineName, generation) : fileName(socket);
}

/** The last part of the published path. */
export function fileName(socket: Pick<SocketSpec, 'published'>): string {
  return socket.published.slice(socket.published.lastIndexOf('/') + 1);
}
