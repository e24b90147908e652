import type { Address } from './address.ts';
import type { HaproxyBackend, HaproxyConfig } from './haproxy.ts';
import type { HaproxyServer } from './haproxy-server.ts';
import type { NginxConfig, NginxPass, NginxUpstream } from './nginx.ts';
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
  /** It looks the instance's name up once, at its own start. */
  readonly resolvesOnce: boolean;
  /** How long it waits for an answer; null: for ever. */
  readonly serverTimeoutMs: number | null;
  /** How long until it sees by itself that the instance is gone, and that it is back; null: never. */
  readonly downAfterMs: number | null;
  readonly upAfterMs: number | null;
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
        .map((server) => haproxyServerView(backend, server)),
    ),
  );
}

function haproxyServerView(backend: HaproxyBackend, server: HaproxyServer): BalancerView {
  const { mode, connection, redispatch, retries, retryOn, timeouts, servers } = backend;
  // A backup is asked only once all others count as down.
  const active = servers.filter((other) => !other.disabled && other.backup === server.backup);
  const others = active.reduce((sum, { count }) => sum + count, 0) - 1;
  const retriesConnects = retryOn.some((word) => word === 'conn-failure' || word === 'all-retryable-errors');
  const asksAnother = redispatch !== null && (redispatch < 0 || redispatch <= retries);
  const { check } = server;
  return {
    mode,
    keepsConnections: mode === 'http' && connection === 'keep-alive',
    triesAnother: others > 0 && retries > 0 && retriesConnects && asksAnother,
    resolvesOnce: server.resolvesOnce,
    serverTimeoutMs: timeouts.server,
    downAfterMs: check === null ? null : check.intervalMs + (check.fall - 1) * check.fastIntervalMs,
    silentAfterMs:
      check === null || !backend.asks
        ? null
        : check.fall * (timeouts.check ?? check.intervalMs) + (check.fall - 1) * check.fastIntervalMs,
    upAfterMs: check === null ? 0 : check.downIntervalMs + (check.rise - 1) * check.fastIntervalMs,
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
  return {
    mode: pass.layer === 'stream' ? 'tcp' : 'http',
    keepsConnections: pass.keepsConnections,
    // A stream's switch is `on` or `off`, and on unless written.
    triesAnother:
      others > 0 &&
      pass.tries !== 1 &&
      (pass.layer === 'stream' ? !pass.nextUpstream.includes('off') : triesError),
    resolvesOnce: pass.resolvesOnce || own.some(({ resolvesOnce }) => resolvesOnce),
    serverTimeoutMs: pass.readTimeoutMs,
    downAfterMs: null,
    silentAfterMs: null,
    // With a single server it never counts as down.
    upAfterMs:
      others === 0
        ? 0
        : Math.max(0, ...own.map(({ maxFails, failTimeoutMs }) => (maxFails > 0 ? failTimeoutMs : 0))),
    others,
  };
}

function isOf(address: Address, { sockets, names, ports }: InstanceAddress): boolean {
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

function worst(views: readonly BalancerView[]): BalancerView | null {
  const [first, ...rest] = views;
  return first === undefined ? null : rest.reduce(worse, first);
}

function worse(a: BalancerView, b: BalancerView): BalancerView {
  return {
    mode: a.mode === 'tcp' ? a.mode : b.mode,
    keepsConnections: a.keepsConnections || b.keepsConnections,
    triesAnother: a.triesAnother && b.triesAnother,
    resolvesOnce: a.resolvesOnce || b.resolvesOnce,
    serverTimeoutMs: longer(a.serverTimeoutMs, b.serverTimeoutMs),
    downAfterMs: longer(a.downAfterMs, b.downAfterMs),
    upAfterMs: longer(a.upAfterMs, b.upAfterMs),
    silentAfterMs: shorter(a.silentAfterMs, b.silentAfterMs),
    others: Math.min(a.others, b.others),
  };
}

/** Null is for ever. */
function longer(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

/** Null is never. */
function shorter(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}
