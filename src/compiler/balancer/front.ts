import type { Address } from './address.ts';
import type { HaproxyConfig } from './haproxy.ts';
import { silenceMs, upgrades } from './haproxy-settings.ts';
import { passSilenceMs, type NginxConfig } from './nginx.ts';

/** How a balancer treats those who connect to it, and what comes of them when it stops gracefully. */
export interface FrontView {
  /** Another process of the same user can listen on its ports beside it (`SO_REUSEPORT`). */
  readonly sharesPorts: boolean;
  /** It takes UDP or QUIC as well. */
  readonly datagrams: boolean;
  /** A connection that a client keeps ends behind an answer alone, so that no request meets its end. */
  readonly closesBehindAnswers: boolean;
  /** How long a connection without a request may be left when it stops; null: as long as the client likes. */
  readonly idleMs: number | null;
  /** It passes bytes for some: their connections end when they like. */
  readonly passesBytes: boolean;
  /** It is set up for connections that are upgraded (web sockets). */
  readonly upgrades: boolean;
  /** How long a server may be silent; null: for ever. 0: it asks none. */
  readonly requestMs: number | null;
  /** It cuts off what is left after so long; null: it does not. */
  readonly cutsAfterMs: number | null;
}

/** `words`: those it runs with, where `-dR` says the same as `noreuseport`. */
export function haproxyFront(config: HaproxyConfig, words: readonly string[]): FrontView {
  const { fronts, binds, backends, sharesPorts, hardStopMs } = config;
  const reached = fronts.filter(({ name }) =>
    binds.some(({ section, address }) => section === name && isPort(address)),
  );
  const http = reached.filter(({ mode }) => mode === 'http');
  const asked = backends.filter(({ servers }) => servers.length > 0);
  return {
    sharesPorts: sharesPorts && !words.includes('-dR'),
    datagrams: binds.some(({ datagrams }) => datagrams),
    closesBehindAnswers: http.every((front) => front.closesBehindAnswers),
    idleMs: longest(http.map(({ idleMs }) => idleMs)),
    passesBytes: reached.some(({ mode }) => mode === 'tcp'),
    upgrades: asked.some(upgrades),
    requestMs: longest(asked.map(silenceMs)),
    cutsAfterMs: hardStopMs,
  };
}

export function nginxFront(config: NginxConfig): FrontView {
  const { listens, kept, passes, passesBytes, shutdownMs } = config;
  const ports = listens.filter(({ address, datagrams }) => isPort(address) && !datagrams);
  // One `listen` of an address speaks for all others of it.
  const shared = new Set(ports.filter(({ reuseport }) => reuseport).map(({ address }) => keyOf(address)));
  const keeping = kept.filter(({ timeoutMs }) => timeoutMs > 0);
  return {
    sharesPorts: ports.every(({ address }) => shared.has(keyOf(address))),
    datagrams: listens.some(({ datagrams }) => datagrams),
    closesBehindAnswers: keeping.every(({ minMs }) => minMs > 0),
    idleMs: longest(keeping.map(({ timeoutMs, minMs }) => Math.min(timeoutMs, minMs))),
    passesBytes,
    upgrades: passes.some((pass) => pass.upgrades),
    requestMs: longest(passes.filter(({ layer }) => layer === 'http').map(passSilenceMs)),
    cutsAfterMs: shutdownMs,
  };
}

function isPort({ kind }: Address): boolean {
  return kind === 'tcp';
}

function keyOf(address: Address): string {
  if (address.kind !== 'tcp') return '';
  const isAny = address.host === '' || address.host === '*' || address.host === '0.0.0.0';
  return `${isAny ? '*' : address.host} ${address.port}`;
}

/** Null is for ever; 0 for none. */
function longest(times: readonly (number | null)[]): number | null {
  return times.includes(null) ? null : Math.max(0, ...times.map((ms) => ms ?? 0));
}
