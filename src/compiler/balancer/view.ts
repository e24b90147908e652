import type { Address } from './address.ts';
import type { HaproxyBackend, HaproxyConfig } from './haproxy.ts';
import type { HaproxyServer } from './haproxy-server.ts';
import { silenceMs, upgrades } from './haproxy-settings.ts';
import { passSilenceMs, type NginxConfig, type NginxPass, type NginxUpstream } from './nginx.ts';
import { unreachable } from '../unreachable.ts';

/** How a balancer would write one instance: its published socket as the balancer mounts it, or its names. */
export interface InstanceAddress {
  readonly sockets: readonly string[];
  readonly names: readonly string[];
  /** Its ports; empty: any. */
  readonly ports: readonly number[];
}

/** How a balancer treats one instance that it lists. Where it lists it twice, the worse of both. */
export interface BalancerView {
  readonly mode: 'http' | 'tcp';
  /** A connection to the instance may be used again for a later request. */
  readonly keepsConnections: boolean;
  /** Where a connect fails, another instance is tried. */
  readonly triesAnother: boolean;
  /** It picks by a hash that leads a request to the same instance at each try. */
  readonly picksSame: boolean;
  /** So many may be gone at once, and each request still comes to one that is there; null: any number. */
  readonly sureWithout: number | null;
  /** So many may be, and a request misses it by chance alone: when others take their turns between its tries. */
  readonly likelyWithout: number | null;
  /** The ports that are written for it. */
  readonly ports: readonly number[];
  /** It looks the instance's name up once, at its own start. */
  readonly resolvesOnce: boolean;
  /** How long it waits for an answer; null: for ever. */
  readonly serverTimeoutMs: number | null;
  /** How long the instance may be silent during a request; null: for ever. It bounds no request. */
  readonly silenceMs: number | null;
  /** It is set up for connections that are upgraded (web sockets). */
  readonly upgrades: boolean;
  /** How long until it sees by itself that the instance is gone, and that it is back; null: never. */
  readonly downAfterMs: number | null;
  readonly upAfterMs: number | null;
  /** So many good checks in a row it wants before it counts on the instance again; 0: none. */
  readonly rise: number;
  /** How long until it takes the instance for gone when it is connected to and does not answer; null: never. */
  readonly silentAfterMs: number | null;
  /** Servers that may get requests beside this one. */
  readonly others: number;
}

/** How a haproxy treats an instance; null: no section lists it. */
export function haproxyView(config: HaproxyConfig, instance: InstanceAddress): BalancerView | null {
  return worst(
    config.backends.flatMap((backend) =>
      backend.servers
        .filter((server) => !server.disabled && isOf(server.address, instance))
        .map((server) => haproxyServerView(backend, server, 1 + config.spreadChecks / 100)),
    ),
  );
}

/** Algorithms of `balance` that take one after the other, in rounds that all requests of a haproxy share. */
const ROUNDS: ReadonlySet<string> = new Set(['roundrobin', 'static-rr']);

/** Those that pick by a hash. */
const HASHES: ReadonlySet<string> = new Set(['hash', 'hdr', 'rdp-cookie', 'source', 'uri', 'url_param']);

/** `spread`: by so much the intervals of checks may be longer. */
function haproxyServerView(backend: HaproxyBackend, server: HaproxyServer, spread: number): BalancerView {
  const { mode, connection, redispatch, retries, retryOn, balance, timeouts, servers } = backend;
  // A backup is asked only once all others count as down.
  const others = servers
    .filter((other) => !other.disabled && other.weighs && other.backup === server.backup)
    .reduce((sum, { count }) => sum + count, server.weighs ? -1 : 0);
  const retriesConnects = retryOn.some((word) => word === 'conn-failure' || word === 'all-retryable-errors');
  const asksAnother = redispatch !== null && (redispatch < 0 || redispatch <= retries);
  const { check } = server;
  // A map of servers has the same one in the same place at each look.
  const picksSame = HASHES.has(balance) && !backend.consistent;
  const triesAnother = others > 0 && retries > 0 && retriesConnects && asksAnother && !picksSame;
  return {
    mode,
    keepsConnections: mode === 'http' && connection === 'keep-alive',
    triesAnother,
    picksSame,
    // A try avoids the server of the one before it and no other: two that are gone can take turns.
    sureWithout: triesAnother ? 1 : 0,
    likelyWithout: triesAnother ? (ROUNDS.has(balance) ? retries : 1) : 0,
    ports: portsOf([server.address]),
    resolvesOnce: server.resolvesOnce,
    serverTimeoutMs: timeouts.server,
    silenceMs: silenceMs(backend),
    upgrades: upgrades(backend),
    downAfterMs:
      check === null ? null : spread * (check.intervalMs + (check.fall - 1) * check.fastIntervalMs),
    rise: check?.rise ?? 0,
    silentAfterMs:
      check === null || !backend.asks
        ? null
        : check.fall * (timeouts.check ?? check.intervalMs) + (check.fall - 1) * check.fastIntervalMs,
    upAfterMs: check === null ? 0 : spread * (check.downIntervalMs + (check.rise - 1) * check.fastIntervalMs),
    others,
  };
}

/** How an nginx treats an instance; null: nothing is passed to it. */
export function nginxView(config: NginxConfig, instance: InstanceAddress): BalancerView | null {
  const direct = config.passes
    .filter(({ target }) => target.kind === 'address' && isOf(target.address, instance))
    .map((pass) => nginxPassView(pass, null, instance));
  const through = config.upstreams
    .filter((upstream) => upstream.servers.some(({ address, down }) => !down && isOf(address, instance)))
    .flatMap((upstream) =>
      config.passes
        .filter(({ target }) => target.kind === 'variable' || isNamed(target, upstream))
        .map((pass) => nginxPassView(pass, upstream, instance)),
    );
  return worst([...direct, ...through]);
}

function isNamed(target: NginxPass['target'], { name }: NginxUpstream): boolean {
  return target.kind === 'upstream' && target.name === name;
}

function nginxPassView(
  pass: NginxPass,
  upstream: NginxUpstream | null,
  instance: InstanceAddress,
): BalancerView {
  const servers = upstream?.servers.filter(({ down }) => !down) ?? [];
  const own = servers.filter(({ address }) => isOf(address, instance));
  const others = servers.length - own.length;
  const triesError = pass.nextUpstream.includes('error') && !pass.nextUpstream.includes('off');
  // A stream's switch is `on` or `off`, and on unless written.
  const triesAnother =
    others > 0 &&
    pass.tries !== 1 &&
    (pass.layer === 'stream' ? !pass.nextUpstream.includes('off') : triesError);
  return {
    mode: pass.layer === 'stream' ? 'tcp' : 'http',
    keepsConnections: pass.keepsConnections,
    triesAnother,
    picksSame: false,
    // It tries each server once. One that has failed is left out for a while: few requests meet several that are gone.
    sureWithout: !triesAnother ? 0 : pass.tries === 0 ? null : pass.tries - 1,
    likelyWithout: triesAnother ? null : 0,
    ports: portsOf([
      ...own.map(({ address }) => address),
      ...(pass.target.kind === 'address' ? [pass.target.address] : []),
    ]),
    resolvesOnce: pass.resolvesOnce || own.some(({ resolvesOnce }) => resolvesOnce),
    serverTimeoutMs: pass.readTimeoutMs,
    silenceMs: passSilenceMs(pass),
    upgrades: pass.upgrades,
    downAfterMs: null,
    rise: 0,
    silentAfterMs: null,
    // With a single server it never counts as down.
    upAfterMs:
      others === 0
        ? 0
        : Math.max(0, ...own.map(({ maxFails, failTimeoutMs }) => (maxFails > 0 ? failTimeoutMs : 0))),
    others,
  };
}

/** Whether an address is an instance's. */
export function isOf(address: Address, { sockets, names, ports }: InstanceAddress): boolean {
  switch (address.kind) {
    case 'unix':
      return sockets.includes(address.path);
    case 'tcp':
      return (
        names.includes(address.host) &&
        (ports.length === 0 || address.port === null || ports.includes(address.port))
      );
    case 'other':
      return false;
    default:
      return unreachable(address);
  }
}

function portsOf(addresses: readonly Address[]): readonly number[] {
  return addresses.flatMap((address) => (address.kind === 'tcp' ? (address.port ?? []) : []));
}

function worst(views: readonly BalancerView[]): BalancerView | null {
  const [first, ...rest] = views;
  return first === undefined ? null : rest.reduce(worse, first);
}

function worse(a: BalancerView, b: BalancerView): BalancerView {
  return {
    mode: a.mode === 'tcp' ? a.mode : b.mode,
    keepsConnections: a.keepsConnections || b.keepsConnections,
    triesAnother: a.triesAnother && b.triesAnother,
    picksSame: a.picksSame || b.picksSame,
    sureWithout: shorter(a.sureWithout, b.sureWithout),
    likelyWithout: shorter(a.likelyWithout, b.likelyWithout),
    ports: [...new Set([...a.ports, ...b.ports])],
    resolvesOnce: a.resolvesOnce || b.resolvesOnce,
    serverTimeoutMs: longer(a.serverTimeoutMs, b.serverTimeoutMs),
    silenceMs: longer(a.silenceMs, b.silenceMs),
    upgrades: a.upgrades || b.upgrades,
    downAfterMs: longer(a.downAfterMs, b.downAfterMs),
    upAfterMs: longer(a.upAfterMs, b.upAfterMs),
    rise: Math.max(a.rise, b.rise),
    silentAfterMs: shorter(a.silentAfterMs, b.silentAfterMs),
    others: Math.min(a.others, b.others),
  };
}

/** Null is for ever. */
function longer(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

/** Null is never, or any number. */
function shorter(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
