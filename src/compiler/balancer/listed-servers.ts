import type { ObservedContainer } from '../observed/observed-state.ts';
import { addressOf, type Whereabouts } from '../verdict/instance-balancers.ts';
import type { HaproxyConfig } from './haproxy.ts';
import { isOf } from './view.ts';

/** Servers of a haproxy's backend that are instances of one container. */
export interface ListedServers {
  readonly backend: string;
  /** By their names there; null: all of them, which a `server-template` has numbered. */
  readonly servers: readonly string[] | null;
}

/** The servers of a haproxy that lead to any of these instances. */
export function listedServers(
  { backends }: HaproxyConfig,
  balancer: ObservedContainer,
  instances: readonly Whereabouts[],
): readonly ListedServers[] {
  const addresses = instances.map((instance) => addressOf(balancer, instance));
  return backends.flatMap(({ name, servers }): readonly ListedServers[] => {
    const own = servers.filter(({ address }) => addresses.some((instance) => isOf(address, instance)));
    if (own.length === 0) return [];
    const isCounted = own.some(({ isTemplate }) => isTemplate);
    return [{ backend: name, servers: isCounted ? null : own.map((server) => server.name) }];
  });
}
