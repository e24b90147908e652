import type { Teller } from '../balancer/tellers.ts';
import type { DesiredInstance } from '../desired/desired-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import { recordedPort } from './recorded-port.ts';
import type { Outgoing } from './turn.ts';

/** Whether a haproxy that is told the address of an instance gets to it: it keeps the port of its configuration. */
export function leadsTo({ ports }: Teller, { socket, port }: DesiredInstance): boolean {
  return socket === null && (port === null || ports.length === 0 || ports.includes(port));
}

/** Tells a haproxy where the instance is by now; `ready`: that it may serve again. */
export function point(teller: Teller, target: ContainerRef, ready: boolean, limitS: number): Operation {
  const { balancer, servers } = teller;
  return { kind: 'balancer.point', balancer, ...teller.socket, servers, target, ready, limitS };
}

/** Takes the instance out of a haproxy. */
export function leave(teller: Teller, state: 'drain' | 'maint'): Operation {
  const { balancer, servers } = teller;
  return { kind: 'balancer.leave', balancer, ...teller.socket, servers, state };
}

/**
 * Waits until nobody is connected to a generation over TCP, on the ports with which it was made; null where it has none of its
 * own that is known, or does not run.
 */
export function drainPorts(
  old: Pick<Outgoing, 'ref' | 'spec' | 'state'>,
  instance: Pick<DesiredInstance, 'port' | 'socket'> | null,
  tellers: readonly Teller[],
  limitS: number,
): Operation | null {
  const fallback = instance === null || instance.socket !== null ? null : instance.port;
  const recorded = recordedPort(old.spec);
  const own = recorded === undefined ? fallback : recorded;
  const ports = [...new Set([...tellers.flatMap((teller) => teller.ports), ...(own === null ? [] : [own])])];
  // In the host's network everybody's connections would count.
  if (old.state !== 'running' || ports.length === 0 || (old.spec?.network ?? 'stack') !== 'stack')
    return null;
  return { kind: 'ports.drain', target: old.ref, ports: ports.sort((a, b) => a - b), limitS };
}
