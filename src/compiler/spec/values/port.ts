import type { PortSpec } from '../../desired/instance-spec.ts';
import { isIpv4, isIpv6 } from './ip-address.ts';
import { parsed, unparsed, type Parsed } from './parsed.ts';

const HELP =
  'write `80`, `8080:80`, `127.0.0.1:8080:80` or `[::1]:8080:80`, with `/udp` at the end if need be';

/** A stretch of port numbers, both ends included. */
interface PortRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Reads one value of `ports` as `docker run -p` does: `[[address:]host:]container[/protocol]`. Ranges must be of
 * equal length on both sides; without a host port, or with host port 0, the engine chooses one.
 */
export function parsePorts(text: string): Parsed<readonly PortSpec[]> {
  const slash = text.lastIndexOf('/');
  const protocol = slash === -1 ? 'tcp' : text.slice(slash + 1);
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') {
    return unparsed(`\`${protocol}\` is not a protocol`, slash, text.length, 'write `tcp`, `udp` or `sctp`');
  }
  const rest = slash === -1 ? text : text.slice(0, slash);
  const containerAt = rest.lastIndexOf(':') + 1;
  const container = parseRange(rest.slice(containerAt));
  if (container === null || container.first === 0) return notAPort(rest, containerAt, rest.length);
  if (containerAt === 0) return parsed(expand(container, null, null, protocol));

  const before = rest.slice(0, containerAt - 1);
  const addressEnd = before.startsWith('[') ? before.indexOf(']') + 1 : before.lastIndexOf(':');
  const hasAddress = before.startsWith('[') || addressEnd !== -1;
  const address = hasAddress ? before.slice(0, addressEnd) : '';
  const hostIp = hasAddress ? parseAddress(address) : null;
  if (hasAddress && hostIp === null) {
    const help = address === 'localhost' ? 'write `127.0.0.1`' : HELP;
    return unparsed(`\`${address}\` is not an address`, 0, Math.max(addressEnd, 1), help);
  }
  const hostAt = hasAddress ? addressEnd + 1 : 0;
  const hostText = before.slice(hostAt);
  if (hasAddress && hostText === '') return parsed(expand(container, null, hostIp, protocol));
  const host = parseRange(hostText);
  if (host === null) return notAPort(before, hostAt, before.length);
  if (host.last === 0) return parsed(expand(container, null, hostIp, protocol));
  if (host.first === 0) return notAPort(before, hostAt, before.length);
  const hostLength = host.last - host.first;
  const containerLength = container.last - container.first;
  if (hostLength !== containerLength) {
    return unparsed(
      `${hostLength + 1} ports of the host cannot lead to ${containerLength + 1} of the container`,
      hostAt,
      rest.length,
      'write two ranges of equal length',
    );
  }
  return parsed(expand(container, host, hostIp, protocol));
}

function notAPort(text: string, start: number, end: number): Parsed<never> {
  const word = text.slice(start, end);
  const at = Math.min(start, Math.max(text.length - 1, 0));
  return unparsed(
    word === '' ? 'a port is missing' : `\`${word}\` is not a port`,
    at,
    Math.max(end, at + 1),
    HELP,
  );
}

function parseRange(text: string): PortRange | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65_535 ? { first, last } : null;
}

function parseAddress(text: string): string | null {
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  if (inner !== undefined) return isIpv6(inner) ? inner.toLowerCase() : null;
  return isIpv4(text) ? text : null;
}

function expand(
  container: PortRange,
  host: PortRange | null,
  hostIp: string | null,
  protocol: PortSpec['protocol'],
): readonly PortSpec[] {
  return Array.from({ length: container.last - container.first + 1 }, (_, i) => ({
    containerPort: container.first + i,
    hostPort: host === null ? null : host.first + i,
    hostIp,
    protocol,
  }));
}
