import { tableOf } from './read-table.ts';

const ROUTES = '/proc/net/route';

/**
 * Whether a peer of a published port is the host itself: the engine hands its connections on from the bridge's own address, the
 * gateway. Containers on the same network have others, and so has who reaches the bridge from beyond the host.
 */
export function isFromHost(peer: string | undefined, routes = tableOf(ROUTES)): boolean {
  if (peer === undefined) return false;
  return peer === '127.0.0.1' || peer === '::1' || gatewaysIn(routes).includes(peer);
}

/** The gateways of the default routes in a table of route(8): hexadecimal, the last byte first. */
function gatewaysIn(routes: string): readonly string[] {
  return routes.split('\n').flatMap((line) => {
    const [, destination, gateway = ''] = line.split('\t');
    if (destination !== '00000000' || !/^[0-9A-F]{8}$/.test(gateway)) return [];
    return [[...Buffer.from(gateway, 'hex')].reverse().join('.')];
  });
}
