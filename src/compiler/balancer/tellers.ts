import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { baseOfInstance } from '../names.ts';
import type { HaproxyConfig } from './haproxy.ts';
import { haproxyConfigOf, namesOf, runningBalancers } from './running.ts';
import { runtimeSocketOf, type RuntimeSocket } from './runtime-socket.ts';

/** A haproxy that lists an instance over TCP and can be told, while it runs, where that is. */
export interface Teller {
  /** `haproxy0`. */
  readonly balancer: string;
  /** Of the running generation. */
  readonly id: string;
  readonly socket: RuntimeSocket;
  /** `backend/server`, as its configuration names them; at least one. */
  readonly servers: readonly string[];
  /** On which it connects, as far as they are written. */
  readonly ports: readonly number[];
}

/** A haproxy that lists an instance over TCP and cannot be told, with why, as a clause after its name. */
export interface Silent {
  readonly balancer: string;
  readonly id: string;
  readonly why: string;
}

/** All haproxys of a stack that list an instance over TCP. */
export interface Listing {
  readonly tellers: readonly Teller[];
  readonly silent: readonly Silent[];
}

/** Who is looked for. */
export interface Sought {
  readonly engineName: string;
  /** `app0`. */
  readonly instance: string;
  readonly aliases: readonly string[];
}

/** Reads the haproxys that run, and finds those that list an instance by one of its names. */
export function tellersIn(observed: ObservedState): (sought: Sought) => Listing {
  const haproxys = runningBalancers(observed).flatMap(({ program, container }) => {
    const text = observed.balancers.get(container.id);
    if (program !== 'haproxy' || text?.kind !== 'read') return [];
    const config = haproxyConfigOf(container, text);
    return [{ container, config, socket: runtimeSocketOf(container, config) }];
  });
  const places = haproxys.map(({ socket }) => ('why' in socket ? '' : placeOf(socket)));
  return ({ engineName, instance, aliases }) => {
    const tellers: Teller[] = [];
    const silent: Silent[] = [];
    for (const { container, config, socket } of haproxys) {
      if (container.engineName === engineName || container.spec?.network !== 'stack') continue;
      const listed = serversAt(config, namesOf(container, engineName, aliases));
      if (listed.length === 0) continue;
      const base = { balancer: container.instance, id: container.id };
      const why = whySilent(container, socket, { listed, places, engineName, instance });
      if (why !== null) silent.push({ ...base, why });
      else if (!('why' in socket)) {
        const ports = [...new Set(listed.flatMap(({ port }) => port ?? []))];
        tellers.push({ ...base, socket, servers: listed.map(({ name }) => name), ports });
      }
    }
    return { tellers, silent };
  };
}

interface ListedServer {
  /** `backend/server`. */
  readonly name: string;
  readonly port: number | null;
  readonly isTemplate: boolean;
}

/** Servers at one of the names, those that are disabled as well: somebody may have enabled them since. */
function serversAt({ backends }: HaproxyConfig, names: readonly string[]): readonly ListedServer[] {
  return backends.flatMap((backend) =>
    backend.servers.flatMap(({ name, address, isTemplate }) =>
      address.kind === 'tcp' && names.includes(address.host)
        ? [{ name: `${backend.name}/${name}`, port: address.port, isTemplate }]
        : [],
    ),
  );
}

function whySilent(
  container: ObservedContainer,
  socket: ReturnType<typeof runtimeSocketOf>,
  {
    listed,
    places,
    engineName,
    instance,
  }: {
    readonly listed: readonly ListedServer[];
    readonly places: readonly string[];
    readonly engineName: string;
    readonly instance: string;
  },
): string | null {
  if ('why' in socket) return socket.why;
  // The one that bound it last has it alone.
  if (places.filter((place) => place === placeOf(socket)).length > 1)
    return `shares its \`stats socket\` with another haproxy`;
  if (listed.some(({ isTemplate }) => isTemplate)) return 'lists it in a `server-template`';
  // The agent looks the address up on the network of the application.
  return Object.hasOwn(container.networks, baseOfInstance(engineName, instance))
    ? null
    : 'is not on the network of its application';
}

function placeOf({ volume, path, name }: RuntimeSocket): string {
  return [volume, path, name].join(' ');
}
