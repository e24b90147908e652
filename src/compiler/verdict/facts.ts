import type { FrontView } from '../balancer/front.ts';
import type { BalancerView } from '../balancer/view.ts';
import type { ServerFacts, StopEffect } from './server.ts';

/** What a verdict is founded on: plain values, gathered from the file, the engine and the balancers' configurations. */
export interface VerdictFacts {
  /** The container, as in the file, and the instance. */
  readonly container: string;
  readonly instance: string;
  readonly action: 'create' | 'start' | 'update' | 'reload' | 'replace' | 'remove';
  /** For a replacement; without meaning for the others. */
  readonly order: 'start-first' | 'stop-first';
  /** A generation of it runs now. */
  readonly runs: boolean;
  /** Instances of the container that run now, and that will when all is done; this one counts. */
  readonly instances: { readonly now: number; readonly after: number };
  /** Replaced at the same time, and in all. */
  readonly batch: number;
  readonly rolled: number;
  /** Of this plan: those that run and may be gone at once when this one is, stop-first or for good; it counts. */
  readonly gone: number;
  /** For `remove`: who takes over what it holds for itself (a host port, a volume), right after its stop. */
  readonly successor: string | null;
  readonly server: ServerFacts;
  readonly socket: SocketFacts;
  readonly gate: GateFacts;
  /** Ports of the host that it publishes. */
  readonly hostPorts: readonly number[];
  /** One of them that the new generation gives up, and what it publishes instead; null where it keeps them all. */
  readonly hostPortMoves: { readonly from: number; readonly to: number | null } | null;
  readonly network: NetworkFacts;
  /** Of what listens on a port of the host's network: what two generations there stand on; null for everything else. */
  readonly sharing: SharingFacts | null;
  /** Containers that reach it by name (`links`, `database`), and are no balancers. */
  readonly clients: readonly ClientFacts[];
  /** Every balancer of the stack that may lead to it. */
  readonly balancers: readonly BalancerFacts[];
  /** `postgres`; null for what is no database that we know. */
  readonly database: string | null;
  /** The writable volume that it alone mounts, in words. */
  readonly singleWriter: string | null;
  readonly stop: StopFacts;
  /** How long connections may take to end before the stop. */
  readonly drainMs: number;
  /** How its last stop went; `open`: connections that were left. Null where nothing is known. */
  readonly lastStop: { readonly forced: boolean; readonly open: number | null } | null;
  /** The longest request or job that is known of (measured, or told); null: none is. */
  readonly inFlightMs: number | null;
  /** At the last apply; `isPossible`: the stack has an agent, through which the next apply keeps its times. */
  readonly measured: {
    readonly startMs: number | null;
    readonly stopMs: number | null;
    /** From its stop to the readiness of who started after it, and from the hold until that is handed over, as a whole. */
    readonly awayMs: number | null;
    readonly heldMs: number | null;
    readonly drainMs: number | null;
    readonly isPossible: boolean;
  };
  /** Files that both generations would have, in a volume. */
  readonly sharedFiles: readonly { readonly path: string; readonly kind: 'pid' | 'socket' }[];
  /** For `reload`: the signal, and whether the new configuration is tried first. */
  readonly reload: {
    readonly signal: string;
    readonly checked: boolean;
    /** It closes connections that clients keep, in the moment in which they may be used. */
    readonly closesIdle: boolean;
    /** Containers that run and stay, to which the new configuration does not lead any more. */
    readonly forgets: readonly string[];
  } | null;
  /** Who mounts its volumes or its network, and is not replaced with it. */
  readonly dependents: readonly DependentFacts[];
  /** Proxies find it by the engine's events; null: none does. */
  readonly found: FoundFacts | null;
  /** How it was started outside of the stack; null for what stackc made. */
  readonly adopted: AdoptedFacts | null;
  readonly can: Mechanisms;
}

/** Where it is to be reached over TCP. */
export interface NetworkFacts {
  readonly host: boolean;
  /** Its port; that of the new generation where there is one. */
  readonly port: number | null;
  /** That of the generation that runs, as far as it is recorded. */
  readonly portBefore: number | null;
  /** Networks that are not the stack's own. */
  readonly joined: readonly string[];
}

/** By what proxies find it. */
export interface FoundFacts {
  /** As people write it: `VIRTUAL_HOST`, in backticks. */
  readonly by: string;
  /** What keeps stackc from leading them from one generation to the next, as what is to be written; null: nothing. */
  readonly lacks: string | null;
}

/** The path it serves on. */
export interface SocketFacts {
  readonly kind: 'none' | 'movable' | 'fixed';
  /** The running generation has a path of its own, behind the published one. */
  readonly own: boolean;
  /** Old and new generation are not found at the same published path, or one of them at none. */
  readonly elsewhere: boolean;
}

/** What says that it is ready. `uptime`: nothing does, it must merely stay up for so long. */
export type GateFacts =
  /** `limitMs`: how long it may take. */
  | { readonly kind: 'http' | 'command' | 'healthcheck' | 'tcp'; readonly limitMs: number }
  | { readonly kind: 'uptime'; readonly uptimeMs: number };

/** What two generations need to listen on one port of the host. */
export interface SharingFacts {
  /** Null: it is none whose configuration is known. */
  readonly program: 'haproxy' | 'nginx' | null;
  /** What the configuration that it runs with says of those who connect. */
  readonly front:
    | { readonly kind: 'read'; readonly view: FrontView }
    | { readonly kind: 'unread'; readonly why: string }
    | { readonly kind: 'none' };
  /** The new one's configuration lets it listen beside another; null: not known. */
  readonly nextShares: boolean | null;
  /** `net.ipv4.tcp_migrate_req` of the host; null: not known. */
  readonly migrates: boolean | null;
  /** Both generations run as the same user. */
  readonly sameUser: boolean;
  /** The new one, a haproxy with `-x`, takes the listeners of the old one instead of making its own. */
  readonly takesOver: boolean;
}

/** A container that reaches it by name. */
export interface ClientFacts {
  readonly name: string;
  readonly program: string | null;
  /** It looks the name up once, at its own start; null: not known. */
  readonly resolvesOnce: boolean | null;
  /** A `manual` container, which stays as it is. */
  readonly held: boolean;
}

/** A balancer, and what its configuration says of this instance. */
export interface BalancerFacts {
  readonly name: string;
  readonly program: 'haproxy' | 'nginx';
  readonly version: string | null;
  readonly held: boolean;
  readonly config: BalancerConfig;
  /** Whether the plan tells it where the instance is, through its runtime socket; null for what is no haproxy over TCP. */
  readonly told: 'told' | { readonly why: string } | null;
}

export type BalancerConfig =
  /** `view` is null when it does not list the instance; `listed` counts those of the container that it lists. */
  | { readonly kind: 'read'; readonly view: BalancerView | null; readonly listed: number }
  | { readonly kind: 'unread'; readonly why: string };

/** How it is stopped. */
export interface StopFacts {
  /** `SIGTERM`; null: the image's own, not known. */
  readonly signal: string | null;
  readonly effect: StopEffect;
  readonly quietSignal: string | null;
  readonly timeoutMs: number;
}

/** A container that was started outside of the stack. */
export interface AdoptedFacts {
  readonly name: string;
  /** Networks that it is on and its successor is not, sorted. */
  readonly networks: readonly string[];
  /** The network that it joins, and through which the engine then publishes its ports; null: they stay as they are. */
  readonly movesTo: string | null;
}

/** Who else is touched by what happens to it. */
export interface DependentFacts {
  readonly name: string;
  readonly by: 'volume' | 'network';
  readonly held: boolean;
}

/** What is done for this change beyond starting and stopping. */
export interface Mechanisms {
  /** Stop-first: the published path goes first, and the instance drains before its stop. */
  readonly takeAway: boolean;
  /** Stop-first: what comes meanwhile is accepted, kept and handed over. */
  readonly hold: boolean;
  /** Its connections over TCP are waited for before it stops. */
  readonly drainPorts: boolean;
  /** It refuses new connections before it is drained, and proxies turn to another. */
  readonly refuse: boolean;
  /** Both generations listen on the port of the host, and the gate tells them apart. */
  readonly overlap: boolean;
  /** The next instance waits until the balancer sees this one up. */
  readonly awaitUp: boolean;
  /** For `remove`: those that leave before it are waited for until the checks of its balancers have seen it. */
  readonly awaitGone: boolean;
}

/** A balancer that lists the instance, with how. */
export interface Listing {
  readonly name: string;
  readonly program: 'haproxy' | 'nginx';
  readonly view: BalancerView;
  readonly told: BalancerFacts['told'];
}

/** The balancers that list the instance. */
export function listings({ balancers }: VerdictFacts): readonly Listing[] {
  return balancers.flatMap(({ name, program, config, told }) =>
    config.kind === 'read' && config.view !== null ? [{ name, program, view: config.view, told }] : [],
  );
}

/** Whether connections that its last drain left open may have been upgraded ones, which end when their clients like. */
export function mayBeUpgraded(facts: VerdictFacts): boolean {
  return (facts.lastStop?.open ?? 0) > 0 && listings(facts).some(({ view }) => view.upgrades);
}

/** The first balancer whose configuration could not be read. */
export function unread({ balancers }: VerdictFacts): { readonly name: string; readonly why: string } | null {
  for (const { name, config } of balancers) if (config.kind === 'unread') return { name, why: config.why };
  return null;
}

/** Whether anybody connects to it at all; a worker only fetches its jobs. */
export function takesConnections(facts: VerdictFacts): boolean {
  return (
    facts.server.kind !== 'sidekiq' &&
    (facts.socket.kind !== 'none' ||
      facts.hostPorts.length > 0 ||
      facts.network.port !== null ||
      facts.found !== null ||
      facts.clients.length > 0 ||
      facts.database !== null ||
      facts.gate.kind === 'http' ||
      facts.gate.kind === 'tcp' ||
      listings(facts).length > 0)
  );
}

/** Networks of others, over which somebody unknown may connect to it. */
export function outside(facts: VerdictFacts): readonly string[] {
  return facts.socket.kind === 'none' && takesConnections(facts) ? facts.network.joined : [];
}

/** Whether anybody may send it requests, as far as the stack knows. A socket without any balancer may be anybody's. */
export function isReached(facts: VerdictFacts): boolean {
  return (
    facts.clients.length > 0 ||
    listings(facts).length > 0 ||
    unread(facts) !== null ||
    facts.hostPorts.length > 0 ||
    facts.network.host ||
    outside(facts).length > 0 ||
    (facts.found !== null && facts.socket.kind === 'none') ||
    (facts.socket.kind !== 'none' && facts.balancers.length === 0)
  );
}

/** Whether it listens on a port of the host, as a container in the host's network. */
export function listensOnHost({ network, socket }: VerdictFacts): boolean {
  return network.host && network.port !== null && socket.kind === 'none';
}

/** Whether two generations of it listen there side by side. */
export function sharesPort(facts: VerdictFacts): boolean {
  return listensOnHost(facts) && facts.can.overlap && facts.order === 'start-first';
}

/** Whether all who connect to it are proxies that find it by themselves, which are led to another before it stops. */
export function isLed(facts: VerdictFacts): boolean {
  const { found, can, clients } = facts;
  const others = clients.length + listings(facts).filter(({ told }) => told !== 'told').length;
  return found?.lacks === null && can.refuse && can.drainPorts && others === 0 && unread(facts) === null;
}

/** Whether all who connect to it over TCP are haproxys that the plan tells where it is, or that it goes. */
export function isTold(facts: VerdictFacts): boolean {
  const before = listings(facts);
  return (
    facts.socket.kind === 'none' &&
    facts.can.drainPorts &&
    before.length > 0 &&
    before.every(({ told }) => told === 'told') &&
    facts.clients.length === 0 &&
    unread(facts) === null
  );
}
