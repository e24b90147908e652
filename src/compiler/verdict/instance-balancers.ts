import type { Address } from '../balancer/address.ts';
import { haproxyFront, nginxFront, type FrontView } from '../balancer/front.ts';
import { readNginx } from '../balancer/nginx.ts';
import { haproxyConfigOf, namesOf, type BalancerText, type RunningBalancer } from '../balancer/running.ts';
import { haproxyView, nginxView, type BalancerView, type InstanceAddress } from '../balancer/view.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import { fileName, type SocketPlace } from '../reconcile/sockets.ts';
import type { BalancerFacts } from './facts.ts';

/** Where an instance is to be found. */
export interface Whereabouts {
  readonly engineName: string;
  readonly place: SocketPlace | null;
  readonly hostPorts: readonly number[];
  /** Names that it has on its networks. */
  readonly aliases: readonly string[];
}

/** A running balancer, able to say how it treats whoever is to be found somewhere. */
export interface Judge {
  readonly balancer: RunningBalancer;
  readonly why: string | null;
  /** How it treats those who connect to it; null where its configuration was not read. */
  readonly front: FrontView | null;
  readonly view: (instance: InstanceAddress) => BalancerView | null;
}

/** Reads the configuration of a balancer once for all instances. */
export function judgeOf(balancer: RunningBalancer, text: BalancerText): Judge {
  const unread = (why: string): Judge => ({ balancer, why, front: null, view: () => null });
  if (text.kind === 'unread') return unread(text.why);
  const { main, files } = text;
  if (balancer.program === 'haproxy') {
    const config = haproxyConfigOf(balancer.container, text);
    const { entrypoint, command } = balancer.container;
    const front = haproxyFront(config, [...(entrypoint ?? []), ...(command ?? [])]);
    return { balancer, why: null, front, view: (instance) => haproxyView(config, instance) };
  }
  const [path = ''] = main;
  const config = readNginx(files, { path, version: balancer.version });
  const missing = config.unread[0];
  if (missing !== undefined) return unread(`${missing} could not be read`);
  const front = nginxFront(config);
  return { balancer, why: null, front, view: (instance) => nginxView(config, instance) };
}

/** What the balancers mean for one instance; those that cannot lead to it are left out. */
export function balancersOf(
  judges: readonly Judge[],
  instance: Whereabouts,
  told: ReadonlyMap<string, Exclude<BalancerFacts['told'], null>>,
  siblings: readonly Whereabouts[],
  isHeld: (balancer: ObservedContainer) => boolean,
): readonly BalancerFacts[] {
  return judges.flatMap(({ balancer, why, view }): readonly BalancerFacts[] => {
    const { container, program, version } = balancer;
    if (container.engineName === instance.engineName) return [];
    const name = container.container;
    const base = { name, program, version, held: isHeld(container), told: told.get(container.id) ?? null };
    const isNear = canReach(container, instance);
    if (why !== null) return isNear ? [{ ...base, config: { kind: 'unread', why } }] : [];
    const listed = siblings.filter((sibling) => view(addressOf(container, sibling)) !== null).length;
    const own = view(addressOf(container, instance));
    return own === null && listed === 0 && !isNear
      ? []
      : [{ ...base, config: { kind: 'read', view: own, listed } }];
  });
}

/** How a balancer treats whoever is to be found there; null: its configuration does not lead there. */
export function viewOf({ balancer, view }: Judge, place: Whereabouts): BalancerView | null {
  return view(addressOf(balancer.container, place));
}

/** Whether the configuration leads to one of these places. */
export function lists(judge: Judge, places: readonly Whereabouts[]): boolean {
  return places.some((place) => viewOf(judge, place) !== null);
}

/** Whether anything leads from the balancer to the instance, whatever its configuration says. */
function canReach({ spec }: ObservedContainer, { engineName, place }: Whereabouts): boolean {
  return (
    (spec?.links ?? []).some(({ target }) => target === engineName) ||
    (place !== null &&
      (spec?.mounts ?? []).some(({ source, type }) => type === 'volume' && source === place.volume))
  );
}

/** How this balancer would write the instance. */
export function addressOf(balancer: ObservedContainer, instance: Whereabouts): InstanceAddress {
  const { spec } = balancer;
  const { engineName, place, hostPorts, aliases } = instance;
  const sockets =
    place === null
      ? []
      : (spec?.mounts ?? [])
          .filter(({ type, source }) => type === 'volume' && source === place.volume)
          .map(({ target }) =>
            [target, place.volumePath, fileName(place)].filter((part) => part !== '').join('/'),
          );
  if (spec?.network === 'host')
    return { sockets, names: LOOPBACK, ports: hostPorts.length === 0 ? [0] : hostPorts };
  return { sockets, names: namesOf(balancer, engineName, aliases), ports: [] };
}

/** Names of the host for whoever shares its network. */
const LOOPBACK: readonly Extract<Address, { readonly kind: 'tcp' }>['host'][] = [
  '127.0.0.1',
  'localhost',
  '::1',
];
