import type { HostPort } from '../compiler/desired/host-port.ts';
import type { Listener } from '../runtime/agent/agent-session.ts';

/** Connections to some ports of one network namespace, counted. */
export interface ConnectionCount {
  /** Those that wait to be accepted. */
  readonly queued: number;
  /** Those that were accepted, and orphans that still send. */
  readonly open: number;
}

/**
 * States in which a connection may still carry something, as tcp_states.h numbers them: ESTABLISHED, SYN_RECV, FIN_WAIT1,
 * CLOSE_WAIT, LAST_ACK, CLOSING. What is in FIN_WAIT2 or TIME_WAIT has been answered to the last byte.
 */
const ALIVE: ReadonlySet<string> = new Set(['01', '03', '04', '08', '09', '0B']);
/** Of those, the ones in which whoever should accept them still can. */
const ACCEPTABLE: ReadonlySet<string> = new Set(['01', '03', '08']);
const LISTEN = '0A';
/** A UDP socket that is bound and talks to nobody in particular stands there as CLOSE. */
const BOUND = '07';

/**
 * Counts the connections of a `/proc/<pid>/net/tcp` or `tcp6` (proc_pid_net(5)) whose own end has one of `ports`: those
 * that came to a listener there. One that nobody has accepted yet has no inode.
 */
export function countConnections(table: string, ports: readonly number[]): ConnectionCount {
  let queued = 0;
  let open = 0;
  for (const { state, inode } of rowsOf(table, ports)) {
    if (!ALIVE.has(state)) continue;
    if (inode === 0 && ACCEPTABLE.has(state)) queued += 1;
    else open += 1;
  }
  return { queued, open };
}

/** The sockets of such a table that listen on one of `ports`. */
export function listenersIn(table: string, ports: readonly number[]): readonly Listener[] {
  return rowsOf(table, ports).flatMap(({ port, state, inode }) =>
    state === LISTEN ? [{ port, inode }] : [],
  );
}

/** The same with their addresses, as a port of the host is written; of `udp` and `udp6` too. */
export function listeningIn(
  table: string,
  protocol: 'tcp' | 'udp',
  ports: readonly number[],
): readonly HostPort[] {
  const listening = protocol === 'tcp' ? LISTEN : BOUND;
  return rowsOf(table, ports).flatMap(({ port, state, address }) =>
    state === listening ? [{ hostPort: port, hostIp: addressText(address), protocol }] : [],
  );
}

/**
 * Who has connected to one of `ports`, as far as such a table still tells: address and port of the other end, as it stands
 * there. Without those that came to an address that is set `apart`.
 */
export function peersIn(
  table: string,
  ports: readonly number[],
  apart: (address: string) => boolean,
): readonly string[] {
  return rowsOf(table, ports).flatMap(({ state, address, remote }) =>
    state === LISTEN || apart(addressText(address)) ? [] : [remote],
  );
}

/** The kernel writes each 32-bit word of an address in the machine's own order of bytes: little-endian. */
function addressText(address: string): string {
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return bytes.slice(12).join('.');
  const whole = Buffer.from(bytes)
    .toString('hex')
    .replace(/.{4}(?=.)/g, '$&:');
  // As people write it: `::1`.
  return new URL(`http://[${whole}]/`).hostname.slice(1, -1);
}

interface Row extends Listener {
  readonly state: string;
  /** As the table has it. */
  readonly address: string;
  /** The other end, with its port, as the table has it. */
  readonly remote: string;
}

function rowsOf(table: string, ports: readonly number[]): readonly Row[] {
  const wanted = new Set(ports);
  return table
    .split('\n')
    .slice(1)
    .map((line): Row => {
      const [, local = '', remote = '', state = '', , , , , , inode] = line.trim().split(/\s+/);
      return {
        port: Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16),
        address: local.slice(0, local.lastIndexOf(':')),
        remote,
        state,
        inode: Number(inode),
      };
    })
    .filter(({ port }) => wanted.has(port));
}
