import type { EnvVar } from './desired-state.ts';
import type { InstanceSpec } from './instance-spec.ts';

const TRAEFIK = "Traefik's labels";

/** How proxies reach a container that they find by themselves. */
export interface Found {
  /** What they look for, as people write it: `VIRTUAL_HOST`. */
  readonly by: string;
  /** Where they look: they share it with the container, which is not found while it is off it. */
  readonly networks: readonly [string];
  readonly port: number;
}

/** What tells who is found by proxies that follow the engine's events. */
export interface Findable {
  readonly spec: Pick<InstanceSpec, 'labels' | 'network' | 'networks'>;
  readonly env: readonly EnvVar[];
  readonly socket: object | null;
  readonly port: number | null;
}

/**
 * What proxies look for that find containers by the engine's events: nginx-proxy and others with docker-gen the variable
 * `VIRTUAL_HOST`, Traefik and caddy-docker-proxy labels of their own. Null: nothing of that (ADR 0021).
 */
export function foundBy({ spec, env }: Pick<Findable, 'spec' | 'env'>): string | null {
  if (env.some(({ name, value }) => name === 'VIRTUAL_HOST' && value !== '')) return '`VIRTUAL_HOST`';
  const names = Object.keys(spec.labels);
  if (names.some((name) => name.startsWith('traefik.')))
    return spec.labels['traefik.enable'] === 'false' ? null : TRAEFIK;
  return names.some((name) => /^caddy(_\d+)?(\.|$)/.test(name)) ? "Caddy's labels" : null;
}

/**
 * The networks that a single run of a container joins besides the application's own: none where proxies would find it, with the
 * same environment and labels, and send it requests.
 */
export function networksOfRun(instance: Pick<Findable, 'spec' | 'env'>): readonly string[] {
  return proxyNetwork(instance) === null ? instance.spec.networks : [];
}

/**
 * Who is found so where stackc has a hand in it: by a network of their own, which it joins and leaves, and a port that is known. Null
 * for everything else.
 */
export function foundOf(instance: Findable): Found | null {
  const { spec, socket, port } = instance;
  const by = foundBy(instance);
  const network = proxyNetwork(instance);
  if (by === null || network === null || socket !== null || port === null) return null;
  return spec.network === 'stack' ? { by, networks: [network], port } : null;
}

/** Why networks say nothing to the proxies that look for this, and what does; null: they do. */
export function lacksOf({ spec, env }: Pick<Findable, 'spec' | 'env'>): string | null {
  if (foundBy({ spec, env }) === TRAEFIK)
    return 'a `socket` behind haproxy or nginx: Traefik lists it whatever its networks are';
  return spec.networks.length === 1
    ? null
    : "`networks` with the proxy's alone; what else it needs, on the application's own";
}

/** The network that is the proxies' alone; null: nobody can tell, or it is none to them. */
function proxyNetwork(instance: Pick<Findable, 'spec' | 'env'>): string | null {
  const [network] = instance.spec.networks;
  return network === undefined || foundBy(instance) === null || lacksOf(instance) !== null ? null : network;
}
