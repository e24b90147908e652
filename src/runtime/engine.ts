import type { ContainerConfig } from '../compiler/plan/container-config.ts';
import type { HostPort } from '../compiler/desired/host-port.ts';
import type { PortSpec } from '../compiler/desired/instance-spec.ts';
import type { EngineImage } from '../compiler/cleanup/used-images.ts';
import type { ImageDefaults, RunningContainer } from '../compiler/import/running.ts';
import type { ImageConfig } from '../compiler/desired/resolved-inputs.ts';
import type { ContainerState } from '../compiler/observed/observed-state.ts';

/**
 * The part of Docker Engine that stackc uses. Two implementations pass the same contract suite:
 * `docker/docker-engine.ts` and the in-memory one of the tests. Every method rejects with {@link EngineError}.
 */
export interface Engine {
  /** GET /info. */
  facts(): Promise<EngineFacts>;

  /** GET /containers/json?all=1 with every label given (`key=value` or `key`). */
  listContainers(labels: readonly string[]): Promise<readonly ContainerSummary[]>;
  /** The bytes that each of these containers has written into its own layer; those that are gone are left out. GET /containers/json?size=1. */
  containerBytes(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /**
   * What a container uses right now: GET /containers/{id}/stats, one shot, which no engine waits for. Null for one that does not
   * run, is gone, or cannot be measured.
   */
  usage(id: string): Promise<ContainerUsage | null>;
  /** The host's ids of the first processes of all running containers, anyone's, that mount a volume; ascending. */
  volumeProcesses(volume: string): Promise<readonly number[]>;
  /** The processes of a running container: GET /containers/{id}/top. None when it does not run; `server` where the engine's machine has no `ps`. */
  processes(id: string): Promise<readonly ContainerProcess[]>;
  /** GET /containers/{id}/json; null when there is none. */
  inspectContainer(idOrName: string): Promise<ContainerDetails | null>;
  /** Everything that a container was made with, whoever made it: GET /containers/{id}/json. Null when there is none. */
  containerSetup(id: string): Promise<RunningContainer | null>;
  /** The container of exactly this name, never one whose id begins with it; null when there is none. */
  findContainer(name: string): Promise<ContainerDetails | null>;
  /**
   * What lies at a path inside a container, running or not, its last part not followed: HEAD /containers/{id}/archive.
   * Null when there is nothing. Rejects with `timeout` after `limitMs`.
   */
  statPath(id: string, path: string, limitMs: number): Promise<PathFacts | null>;
  /**
   * What is at a path inside a container, running or not: the file itself, or all files below a folder, as text; links
   * are told and not followed. GET /containers/{id}/archive. Null when there is nothing. Rejects with `timeout` after
   * `limitMs`, with `invalid` for more than 1 MiB.
   */
  readFiles(id: string, path: string, limitMs: number): Promise<readonly FileEntry[] | null>;
  /**
   * The file at a path inside a container, running or not, its last part not followed: GET /containers/{id}/archive.
   * Null when there is nothing.
   */
  fetchFile(id: string, path: string): Promise<FoundFile | null>;
  /**
   * Puts files into a container, running or not, over whatever lies there, with the folders that they lack, all changed
   * at `atS` (seconds since the epoch): PUT /containers/{id}/archive.
   */
  putFiles(id: string, files: readonly OwnedFile[], atS: number): Promise<void>;
  /** POST /containers/create; the id. `not-found` when the image is not on the engine, `conflict` for a name in use. */
  createContainer(config: ContainerConfig): Promise<string>;
  /**
   * Creates a container as another one was created: its image by id, environment, mounts, networks with links and aliases,
   * limits and log options, but no ports and restart policy `no`; not what lies in its layer. The id. `not-found` when that one is
   * gone, `conflict` for a name in use.
   */
  cloneContainer(id: string, clone: ContainerClone): Promise<string>;
  /** False: it runs already (304). */
  startContainer(id: string): Promise<boolean>;
  /** Sends the container's stop signal, kills after `timeoutS` (null: what it was created with). False: it does not run (304) or is gone (404). */
  stopContainer(id: string, timeoutS: number | null): Promise<boolean>;
  killContainer(id: string, signal: string): Promise<void>;
  unpauseContainer(id: string): Promise<void>;
  /**
   * Removes it, killing when it runs, unless `force` is false (`conflict` then); never a named volume (anonymous ones with
   * `volumes`). Succeeds when it is gone.
   */
  removeContainer(
    id: string,
    options?: { readonly volumes?: boolean; readonly force?: boolean },
  ): Promise<void>;
  /** Succeeds when it has that name already. */
  /** `between-runs` while it waits to be started again by its restart policy. */
  renameContainer(id: string, name: string): Promise<void>;
  /** POST /containers/{id}/update; `between-runs` when it ends just then. */
  updateRestart(id: string, policy: string, maxRetries: number): Promise<void>;
  /**
   * Resolves with the exit code once it is over; at once when it has run and is not running. Attach before start: the
   * first exit counts. Rejects with `cut-off` when `signal` comes first.
   */
  waitContainer(id: string, signal?: AbortSignal): Promise<number>;
  /**
   * POST /containers/{id}/attach: the output from now on, and the input of one made with `openStdin`. Attach before
   * start: nothing is missed. The output ends with the container.
   */
  attach(id: string, options: AttachOptions): Promise<Session>;
  /**
   * GET /events: containers with every label given, as they start; restarts count. Settles once it watches, so that a
   * list asked for afterwards leaves no gap. Ends quietly with `signal`, rejects with `cut-off` when the engine goes.
   */
  watchStarts(labels: readonly string[], signal: AbortSignal): Promise<AsyncIterable<StartedContainer>>;
  /**
   * GET /events: what happens to containers with every label given, whoever does it. Settles once it watches, as
   * {@link watchStarts} does, and ends as that does.
   */
  watchChanges(labels: readonly string[], signal: AbortSignal): Promise<AsyncIterable<ContainerChange>>;
  /**
   * GET /events: the exit code with which a container ended before a moment by the engine's own clock (`startedAt` of one that
   * its policy brought up again); null where the engine no longer knows.
   */
  lastExit(id: string, before: string): Promise<number | null>;
  /** GET /containers/{id}/logs. A follower ends with the container, and quietly with `signal`. */
  logs(id: string, options: LogsOptions): AsyncIterable<LogChunk>;

  listVolumes(labels: readonly string[]): Promise<readonly VolumeSummary[]>;
  /** Succeeds when one of that name exists, whatever its labels. */
  createVolume(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** Succeeds when it is gone; `conflict` while a container has it. */
  removeVolume(name: string): Promise<void>;

  listNetworks(labels: readonly string[]): Promise<readonly string[]>;
  /** The driver of every network, by name: GET /networks. */
  networkDrivers(): Promise<Readonly<Record<string, string>>>;
  /** The id; null when there is none of that name. */
  inspectNetwork(name: string): Promise<string | null>;
  /** A bridge network. Succeeds when one with these labels exists already. */
  createNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** `removed` when it is gone; `conflict` while a running container is on it. */
  removeNetwork(name: string): Promise<NetworkRemoval>;
  /** Succeeds when it is connected already. */
  connectNetwork(network: string, container: string, aliases: readonly string[]): Promise<void>;
  /** Succeeds when it is not connected. */
  disconnectNetwork(network: string, container: string): Promise<void>;

  inspectImage(reference: string): Promise<ImageDetails | null>;
  /** What containers of an image have that say nothing themselves: GET /images/{name}/json. Null when it is not there. */
  imageDefaults(reference: string): Promise<ImageDefaults | null>;
  /** All that have a name, or that no other image is made from: GET /images/json. */
  listImages(): Promise<readonly EngineImage[]>;
  /**
   * By `name:tag`: takes that name away, and with the last one the image. By id: the image, which has one name at most.
   * `conflict` while a container, running or not, or another image is made from it. Succeeds when it is gone.
   */
  removeImage(reference: string): Promise<void>;
  /** The registry's digest for a reference: GET /distribution/{name}/json. Rejects on timeout. */
  registryDigest(reference: string, auth: RegistryAuth | null, timeoutMs: number): Promise<string>;
  /** `platform` null: the engine's own. */
  pullImage(
    reference: string,
    platform: string | null,
    auth: RegistryAuth | null,
    onProgress: (line: string) => void,
  ): Promise<void>;
  /** POST /images/{name}/push. Rejects as a pull does. */
  pushImage(reference: string, auth: RegistryAuth | null, onProgress: (line: string) => void): Promise<void>;
  /** POST /build from a tar of `files` (path → content). */
  buildImage(request: BuildRequest, onOutput: (line: string) => void): Promise<void>;

  exec(id: string, request: ExecRequest): Promise<ExecSession>;

  /** Frees sockets and child processes; the engine is of no use afterwards. */
  close(): void;
}

/** What the engine tells about itself and its host. */
export interface EngineFacts {
  /** The same as long as the engine keeps its data; empty where it does not say. */
  readonly id: string;
  readonly version: string;
  readonly apiVersion: string;
  /** The host's name as the engine sees it. */
  readonly host: string;
  readonly logDriver: string;
  readonly os: string;
  readonly architecture: string;
}

/** One row of the container list. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  /** The engine's own words: `Up 3 minutes (healthy)`. */
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  /** Ports of the host that lead to it while it runs. */
  readonly ports: readonly HostPort[];
  /** Names of volumes that it mounts writable, sorted. */
  readonly writes: readonly string[];
  /** Seconds since the epoch. */
  readonly createdS: number;
}

/** What a container has used up to a moment. */
export interface ContainerUsage {
  /** By the engine's clock, in milliseconds since the epoch. */
  readonly atMs: number;
  /** Of the processor, since it began, in nanoseconds. */
  readonly cpuNs: number;
  /** Of the machine; null: it does not say. */
  readonly cpus: number | null;
  /** Without what is only cached. `limit`: its own, or all that the machine has. Null: it is not measured. */
  readonly memory: { readonly bytes: number; readonly limit: number } | null;
}

/** A process of a container. */
export interface ContainerProcess {
  /** The host's id. */
  readonly pid: number;
  /** What it calls itself, with its arguments. */
  readonly title: string;
}

/** What an inspect tells. */
export interface ContainerDetails {
  readonly id: string;
  readonly name: string;
  readonly imageId: string;
  /** As it was named in the create call. */
  readonly image: string;
  readonly state: ContainerState;
  /** Of its last end; null while it runs. */
  readonly exitCode: number | null;
  readonly error: string;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly restartCount: number;
  /** Of its first process, as the host counts; 0 while it does not run. */
  readonly pid: number;
  /** ISO 8601; empty when it never started. */
  readonly startedAt: string;
  /** ISO 8601, of its last end; empty while it runs and when it never ended. */
  readonly endedAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  /** `no`, `always`, `unless-stopped`, `on-failure`, or `on-failure:3` with a limit. */
  readonly restart: string;
  /** The image's own where it was created with none; null: neither says. */
  readonly stopSignal: string | null;
  /** Seconds that the engine waits for its end where a stop names none. */
  readonly stopTimeoutS: number;
  readonly networkMode: string;
  readonly networks: Readonly<Record<string, readonly string[]>>;
  readonly mounts: readonly {
    readonly type: string;
    readonly source: string;
    readonly name: string;
    readonly target: string;
    readonly readOnly: boolean;
  }[];
  /** What it publishes while it runs, sorted. */
  readonly ports: readonly PortSpec[];
  readonly tty: boolean;
  /** The engine removes it, with its volumes without a name, when it ends (`--rm`). */
  readonly autoRemove: boolean;
  readonly memory: number;
  readonly nanoCpus: number;
}

/** What a clone has of its own. */
export interface ContainerClone {
  readonly name: string;
  /** All of them: it has none of those of the other one. */
  readonly labels: Readonly<Record<string, string>>;
}

/** What lies at a path inside a container. */
export interface PathFacts {
  readonly kind: 'symlink' | 'socket' | 'directory' | 'file' | 'device or pipe';
  /** Of a symlink: where it leads in the end, as a path inside the container, whether or not anything is there. */
  readonly target: string | null;
}

/** A file below a path inside a container, or a link there. */
export type FileEntry =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  /** `target` as the link holds it. */
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };
/** What was read at a path inside a container. */
export type FoundFile =
  | ({ readonly kind: 'file'; readonly modifiedS: number } & Omit<OwnedFile, 'path'>)
  /** A folder, a link, or larger than 32 MiB. */
  | { readonly kind: 'other' };

/** A file inside a container. */
export interface OwnedFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** Permissions, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** One row of the volume list. */
export interface VolumeSummary {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What an image inspect tells. */
export interface ImageDetails {
  readonly id: string;
  /** `name@sha256:…`; empty for an image that no registry knows. */
  readonly repoDigests: readonly string[];
  readonly config: ImageConfig;
}

/** Credentials of one registry, sent with one request and kept nowhere. */
export interface RegistryAuth {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
  readonly identityToken?: string;
}

/** Which part of a container's log. */
export interface LogsOptions {
  /** Lines from the end; null for all. */
  readonly tail: number | null;
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Only what is not older, as a line's own time tells it; absent: all. */
  readonly since?: string;
  readonly signal?: AbortSignal;
}

/** A container that has just been started. */
export interface StartedContainer {
  readonly id: string;
  /** At that moment. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that has just happened to a container. */
export interface ContainerChange extends StartedContainer {
  /** `health`: the engine thinks otherwise of it by now. */
  readonly what: 'start' | 'end' | 'removal' | 'rename' | 'health';
}

/** A piece of output, not cut at line ends. */
export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Uint8Array;
}

/** An image build without a context folder. */
export interface BuildRequest {
  readonly tag: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** `host` where the build needs the host's network. */
  readonly network: 'default' | 'host';
}

/** A command inside a running container. */
export interface ExecRequest {
  readonly command: readonly string[];
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly env?: readonly string[];
}

/** What is attached to. */
export interface AttachOptions {
  /** Whether the container was made with a terminal. */
  readonly tty: boolean;
  readonly stdin: boolean;
}

/** Input and output of a process over there. With a TTY everything comes on stdout. */
export interface Session {
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly stderr: AsyncIterable<Uint8Array>;
  /** Settles when more may follow; never rejects: whoever is gone has ended the output. */
  write(data: Uint8Array | string): Promise<void>;
  endInput(): void;
  resize(columns: number, rows: number): Promise<void>;
  /** Cuts the connection. */
  destroy(): void;
}

/** A running exec. */
export interface ExecSession extends Session {
  /** Known only after the output has ended. */
  readonly exitCode: Promise<number>;
}

/** `miscounted`: nobody is on it, but the engine counts somebody, and keeps it until it is started again. */
export type NetworkRemoval = 'removed' | 'miscounted';

/** Why a call failed, for messages and decisions. */
export type EngineErrorKind =
  | 'unreachable'
  | 'timeout'
  | 'not-found'
  | 'conflict'
  | 'between-runs'
  | 'denied'
  | 'invalid'
  | 'server'
  | 'nonsense'
  | 'cut-off';

/** A failed engine call: what was asked, and the engine's own words. Never a secret. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly kind: EngineErrorKind;
  readonly operation: string;
  readonly status: number | null;

  constructor(kind: EngineErrorKind, operation: string, message: string, status: number | null = null) {
    super(message);
    this.kind = kind;
    this.operation = operation;
    this.status = status;
  }
}
