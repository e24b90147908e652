import type { JobKey } from '../../compiler/cron/job.ts';
import type { AskedBy } from '../../compiler/cron/record.ts';
import type { HostPort } from '../../compiler/desired/host-port.ts';

/** What a probe asks. Addresses are host names on the stack's networks or loopback, never bridge addresses. */
export type ProbeTarget =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** One question; `http` wants a complete answer, `connect` only an accepted connection. */
export interface ProbeRequest {
  readonly target: ProbeTarget;
  readonly ask: { readonly kind: 'http'; readonly path: string } | { readonly kind: 'connect' };
  readonly timeoutMs: number;
}

/** `status` is null for `connect`. `error` is for people: `ECONNREFUSED`, `timed out after 2 s`. */
export type ProbeResult =
  | { readonly ok: true; readonly status: number | null; readonly ms: number }
  | { readonly ok: false; readonly error: string };

/** What to wait for: that nobody is connected any more to a socket which nothing leads to. */
export interface DrainRequest {
  /** The file as it was bound, without its directory. */
  readonly name: string;
  /** The socket where the agent sees it. */
  readonly path: string;
  /** Processes, by the host's numbers, in whose network namespaces somebody may connect, and the server's own. */
  readonly pids: readonly number[];
  /** How long there must have been none on end; 250 in every use. */
  readonly quietMs: number;
  readonly timeoutMs: number;
}

/** What to wait for: that nobody is connected any more to some ports of a container. */
export interface DrainPortsRequest {
  /** A process of it, by the host's numbers. */
  readonly pid: number;
  readonly ports: readonly number[];
  readonly quietMs: number;
  readonly timeoutMs: number;
}

/** A socket that listens on a port; the inode tells it from others of the same port. */
export interface Listener {
  readonly port: number;
  readonly inode: number;
}

/** Who listens on some ports of the agent's own network, and what its kernel does with what a listener leaves behind. */
export interface ListenersResult {
  readonly listening: readonly Listener[];
  /** `net.ipv4.tcp_migrate_req`: another listener of the port gets it. False also where the kernel has no such setting. */
  readonly migrates: boolean;
}

/**
 * `drained`: none for the whole quiet time; `most` were there at once. `busy`: some are left at the limit. Where the
 * connections cannot be counted (`why`): `knocked`, all that were queued have been accepted; `silent`, nobody accepts;
 * `blind`, nothing could be done.
 */
export type DrainResult =
  | { readonly kind: 'drained'; readonly ms: number; readonly most: number }
  | { readonly kind: 'busy'; readonly ms: number; readonly queued: number; readonly open: number }
  | { readonly kind: 'knocked'; readonly ms: number; readonly why: string }
  | { readonly kind: 'silent' | 'blind'; readonly ms: number; readonly why: string };

/** How a published path is held. */
export interface HoldRequest {
  readonly as: string;
  /** Where it goes at the limit. */
  readonly back: string;
  /** Who serves at `back` had bound the published name itself: it gets that back. */
  readonly kept: boolean;
  readonly limitMs: number;
}

/** Connections that were kept and handed over. */
export interface Handed {
  readonly held: number;
  readonly longestMs: number;
}

/** What to wait for: that somebody connects to a socket, from the network namespaces of `pids`. */
export interface ArrivalsRequest {
  /** The file as it was bound, without its directory. */
  readonly name: string;
  readonly pids: readonly number[];
  /** How many different connections are enough. */
  readonly count: number;
  readonly timeoutMs: number;
}

/** How many were seen, at the limit or before. */
export interface ArrivalsResult {
  readonly seen: number;
  readonly ms: number;
}

/** What to wait for: that somebody connects to ports of a container. */
export interface PortArrivalsRequest {
  /** A process of it, by the host's numbers. */
  readonly pid: number;
  /** One of another container to which they may go on coming; null: of none. */
  readonly beside: number | null;
  readonly ports: readonly number[];
  /** How many different connections are enough. */
  readonly count: number;
  /** How long none may come to either until nothing more is waited for. */
  readonly idleMs: number;
  readonly timeoutMs: number;
}

/** How many were seen there, and meanwhile at the other one. */
export interface PortArrivalsResult {
  readonly seen: number;
  readonly beside: number;
  readonly ms: number;
}

/** Servers of a haproxy (`backend/server`) that are to be found elsewhere from now on. */
export interface PointRequest {
  /** Its runtime socket, where the agent sees it. */
  readonly socket: string;
  readonly servers: readonly string[];
  /** Whose address it is, by a name that the agent can look up. */
  readonly host: string;
  /** They may serve again, and are waited for until they do. */
  readonly ready: boolean;
  readonly timeoutMs: number;
}

/** Servers of a haproxy that get no new requests from now on. */
export interface LeaveRequest {
  readonly socket: string;
  readonly servers: readonly string[];
  readonly state: 'drain' | 'maint';
}

/** The engine's host, before anything is done to it. */
export interface HostResult {
  /** TCP ports on which somebody listens, whoever that is; `hostIp` never null. */
  readonly listening: readonly HostPort[];
  /** On the disk of the engine's volumes, which mostly is that of its images; null where nobody can tell. */
  readonly freeBytes: number | null;
}

/** Who wants to change the stack. */
export interface LeaseRequest {
  /** Of the apply, unlike any other's. */
  readonly id: string;
  readonly user: string;
  readonly host: string;
  /** Of the process, as `ownMark` gives it; empty where nothing tells it apart. */
  readonly mark: string;
  /** `apply`, `rollback`, … */
  readonly command: string;
  /** RFC 3339, by the asking machine's clock. */
  readonly since: string;
  /** Had it before, and goes on only if nobody else has had it since. */
  readonly again: boolean;
}

/** Who changes the stack. `doing`: the operation that began last. */
export type Holder = Omit<LeaseRequest, 'again'> & { readonly doing: string | null };

/** `idleMs`: since somebody last gave it back; null: nobody since the agent started. `holder` null: somebody had it meanwhile. */
export type LeaseAnswer =
  | { readonly granted: true; readonly idleMs: number | null }
  | { readonly granted: false; readonly holder: Holder | null };

/** Whoever writes has lost the lease. */
export interface LeaseLost {
  readonly holder: Holder | null;
}

/** What a haproxy made of it. Servers that it does not know, that have no address to replace, that are not up at the limit. */
export interface TellResult {
  readonly missing: readonly string[];
  readonly unresolved: readonly string[];
  readonly down: readonly string[];
  readonly ms: number;
}

/**
 * A conversation with one agent over the engine's exec API: line-delimited JSON, one answer a request,
 * any number under way. Rejects with {@link AgentRefusedError} when the agent refuses, with another {@link AgentError} when
 * the session is gone or no answer comes in time.
 */
export interface AgentSession {
  probe(request: ProbeRequest): Promise<ProbeResult>;
  /**
   * Atomically makes `directory/link` a relative symlink to `to`, and fsyncs the directory. Where something is held, as soon
   * as `to` accepts connections, at the latest after `waitMs` (default 0); and hands over what is. Else resolves to null. With
   * `link` as `to` nothing is published: what is held goes to the server that binds it.
   */
  publish(directory: string, link: string, to: string, waitMs?: number): Promise<Handed | null>;
  /**
   * Publishes a listener of the agent's own, `as`, which keeps what comes until something else is published; at the limit
   * it goes to `back`, or is dropped where nobody serves there.
   */
  hold(directory: string, link: string, how: HoldRequest): Promise<void>;
  /** Gives the plain socket `directory/name` a second name; succeeds when it is none. */
  keep(directory: string, name: string, as: string): Promise<void>;
  /** Puts what was kept as `from` back as `directory/name`; where nothing was kept, removes a link there. */
  restore(directory: string, name: string, from: string): Promise<void>;
  /**
   * Removes `directory/name`; succeeds when it is gone. Refuses what is neither a socket nor a symlink. What is held there
   * stays, for whoever binds or publishes the name.
   */
  unlink(directory: string, name: string): Promise<void>;
  /**
   * Appends lines to the stack's journal, on the disk when it resolves to null. Nothing is written for who has lost the
   * lease; null as `lease`: who has none. `doing`: the operation that begins.
   */
  journal(lines: readonly string[], lease: string | null, doing: string | null): Promise<LeaseLost | null>;
  /** Takes the lease, or says again that it is held; it ends with the session, or without a word for 12 s. */
  lease(request: LeaseRequest): Promise<LeaseAnswer>;
  free(id: string): Promise<void>;
  holder(): Promise<Holder | null>;
  /** Takes the lease away from who holds it; false: by now somebody else does, or nobody. */
  unlock(id: string): Promise<boolean>;
  /** The number of the newest revision in the journal; 0 where there is none. */
  revision(): Promise<number>;
  arrivals(request: ArrivalsRequest): Promise<ArrivalsResult>;
  portArrivals(request: PortArrivalsRequest): Promise<PortArrivalsResult>;
  drain(request: DrainRequest): Promise<DrainResult>;
  drainPorts(request: DrainPortsRequest): Promise<DrainResult>;
  /** Looks at ports of the agent's own network. */
  listeners(ports: readonly number[]): Promise<ListenersResult>;
  host(ports: readonly number[]): Promise<HostResult>;
  /** Tells a haproxy a new address of servers, over its runtime socket. */
  point(request: PointRequest): Promise<TellResult>;
  /** Takes servers out of a haproxy; refuses to `drain` the last ones that serve. */
  leave(request: LeaveRequest): Promise<TellResult>;
  /** Only the agent that runs jobs; every other one refuses. Runs a job now, paused or not. Refused for an unknown job, and where it may neither run beside itself nor wait. */
  cronRun(job: JobKey, by: AskedBy): Promise<AskedRun>;
  cronPause(job: JobKey, by: AskedBy): Promise<void>;
  cronResume(job: JobKey, by: AskedBy): Promise<void>;
  close(): void;
}

/** What becomes of a run that somebody asks for. */
export type AskedRun =
  | { readonly kind: 'begun'; readonly run: number }
  /** It has no number before it begins, and is known by when it was asked for, in milliseconds since the epoch. */
  | {
      readonly kind: 'queued';
      readonly askedMs: number;
      /** How many come before it. */
      readonly before: number;
    };

/** Opens sessions; the executor asks for one only when an operation needs it, once per plane. */
export interface AgentConnector {
  open(containerName: string): Promise<AgentSession>;
}

/** What went wrong with an agent, in words for people. */
export class AgentError extends Error {
  override readonly name: string = 'AgentError';
}

/** The agent will not or cannot do what it was asked; the session goes on. */
export class AgentRefusedError extends AgentError {
  override readonly name = 'AgentRefusedError';
}

/** The agent, or the session with it, has ended; what was asked may have been done. */
export class AgentLostError extends AgentError {
  override readonly name = 'AgentLostError';
}
