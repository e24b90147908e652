import type { PortSpec } from './instance-spec.ts';

/** A port of the host that somebody wants or has. */
export interface HostPort {
  readonly hostPort: number;
  /** Null: every address. */
  readonly hostIp: string | null;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** `80/tcp`. */
export function portName({
  hostPort,
  protocol,
}: {
  readonly hostPort: number | null;
  readonly protocol: string;
}): string {
  return `${hostPort}/${protocol}`;
}

/** Whether only one of the two can be had: the same port, and an address that both cover. */
export function portsOverlap(a: HostPort, b: HostPort): boolean {
  return a.hostPort === b.hostPort && a.protocol === b.protocol && addressesOverlap(a.hostIp, b.hostIp);
}

/** `0.0.0.0` is every address of IPv4, `::` every one of IPv6, and none written means both. */
function addressesOverlap(a: string | null, b: string | null): boolean {
  if (a === null || b === null || a === b) return true;
  if (isIpv6(a) !== isIpv6(b)) return false;
  return isEverywhere(a) || isEverywhere(b);
}

function isEverywhere(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function isIpv6(address: string): boolean {
  return address.includes(':');
}

/** Those of a container that the file fixes; the engine chooses the others. */
export function fixedPorts(ports: readonly PortSpec[]): readonly HostPort[] {
  return ports.flatMap(({ hostPort, hostIp, protocol }) =>
    hostPort === null ? [] : [{ hostPort, hostIp, protocol }],
  );
}
