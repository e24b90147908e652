import type { BalancerText } from '../balancer/running.ts';
import type { HostPort } from '../desired/host-port.ts';
import type { JobSpec } from '../cron/job.ts';
import type { RecordedSpec } from '../desired/instance-spec.ts';
import type { ContainerKey, InstanceKey } from '../desired/desired-state.ts';

/** One look at the engine, taken before planning. Types only: the runtime fills it. */
export interface ObservedState {
  readonly containers: readonly ObservedContainer[];
  /** Containers that never run, from which jobs are (ADR 0022). */
  readonly templates: readonly ObservedContainer[];
  /** Jobs of the file that lack a template which an apply has made; looked up where one lacks. */
  readonly lostTemplates: readonly ContainerKey[];
  /** Runs of jobs that have a container. */
  readonly jobRuns: readonly ObservedJobRun[];
  readonly volumes: readonly ObservedVolume[];
  /** Names of volumes that the file wants and that exist without the stack's labels. */
  readonly foreignVolumes: readonly string[];
  /** Ports of the host that containers of others publish; looked up where the file wants one that the stack has not. */
  readonly foreignPorts: readonly ForeignPort[];
  /** Names that instances of the file need and that containers without the stack's labels have. */
  readonly foreignNames: readonly string[];
  /** Containers of others, by name; looked up where an instance of the file is not there. */
  readonly foreign: readonly ForeignContainer[];
  /** What was started outside of the stack and has become a part of it. */
  readonly adoptions: readonly ObservedAdoption[];
  /** Names of all networks that matter: the stack's own and those the file names. */
  readonly networks: readonly string[];
  /** Names of the networks that carry the stack's label. */
  readonly ownNetworks: readonly string[];
  readonly agents: readonly ObservedAgent[];
  /** What lies at the published names of sockets whose instances run. */
  readonly links: readonly ObservedLink[];
  /** The configurations of balancers that run, by the container's id; only where a plan may need them. */
  readonly balancers: ReadonlyMap<string, BalancerText>;
  /** `net.ipv4.tcp_migrate_req` of the host's network; looked at only where a plan may need it, else null. */
  readonly migrates: boolean | null;
  /** Containers of `stack run`: under way, or left over from one that was killed. */
  readonly runs: readonly ObservedRun[];
  /** What is kept to go back by; by name. */
  readonly kept: readonly ObservedKept[];
}

/**
 * A container that never runs, and holds what a revision was made from, or an image (ADR 0014); or one in which an apply went
 * on by itself, or does.
 */
export interface ObservedKept {
  readonly role: 'revision' | 'image' | 'apply';
  readonly id: string;
  /** Without the leading slash. */
  readonly engineName: string;
  /** Only of a `revision`. */
  readonly revision: number | null;
  readonly imageId: string;
}

/** The engine's word for a container's state. */
export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'dead' | 'removing';

/** What a generation is now, told by its name: see DESIGN, "the phase is what can change". */
export type Phase = 'current' | 'next' | 'old' | 'failed';

/** A container of ours, known by its labels. */
export interface ObservedContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly engineName: string;
  readonly role: 'instance' | 'migration' | 'template';
  readonly key: InstanceKey;
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number;
  readonly phase: Phase;
  readonly state: ContainerState;
  readonly exitCode: number | null;
  /** How often its restart policy has brought it up again since somebody started it. */
  readonly restarts: number;
  /** RFC 3339; null when it never started. */
  readonly startedAt: string | null;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  readonly imageId: string;
  /** Null when the label cannot be read (another version wrote it): then everything counts as changed. */
  readonly spec: RecordedSpec | null;
  /** `NAME=value`, the image's own included. */
  readonly env: readonly string[];
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  /** `always`, or `on-failure:3` with a limit. */
  readonly restart: string;
  /** What a stop sends it, its image's own included; null: TERM. */
  readonly stopSignal: string | null;
  /** Seconds from that to its kill. */
  readonly stopTimeoutS: number;
  /** Network name → aliases. */
  readonly networks: Readonly<Record<string, readonly string[]>>;
  /** Where anonymous volumes are mounted: what an image's VOLUME makes. */
  readonly anonymousVolumes: readonly string[];
  readonly memory: number;
  readonly nanoCpus: number;
  /** What lies where the label says that files were put. */
  readonly files: ObservedFiles;
  /** For a template: the job whose runs are made from it; null where the label cannot be read. */
  readonly job: JobSpec | null;
  /** For a migration: the image id and the displayed words that it ran. */
  readonly migration: { readonly imageId: string; readonly command: readonly string[] } | null;
}

/** The files of a container, read back. */
export interface ObservedFiles {
  readonly found: readonly ObservedFile[];
  /** An apply was cut off between putting them there and the program's reading them again. */
  readonly reloading: boolean;
}

/** One file of a container. */
export interface ObservedFile {
  readonly path: string;
  /** Null: nothing is there any more, or no plain file. */
  readonly content: Uint8Array | null;
  /** Permissions, four octal digits. */
  readonly mode: string;
  /** As the label writes it where it is the same; else `uid:gid`. */
  readonly owner: string | null;
  /** It was changed at another time than all that stackc put there. */
  readonly byHand: boolean;
}

/** A port of the host that a container of another stack, or of none, publishes. */
export interface ForeignPort extends HostPort {
  /** The container's name. */
  readonly container: string;
  /** The stack or Compose project that it is of. */
  readonly owner: { readonly kind: 'stack' | 'Compose project'; readonly name: string } | null;
}

/** A container that is not the stack's, as far as that decides whether it may become an instance of it. */
export interface ForeignContainer {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  /** The other stack that it is of; null: it is of none. */
  readonly stack: string | null;
  /** The service of Swarm that would bring it back; null: none. */
  readonly swarm: string | null;
  readonly compose: ComposeLabels | null;
  /** That it is on, sorted. */
  readonly networks: readonly string[];
  /** Volumes that it may write, sorted; none while it does not run. */
  readonly writes: readonly string[];
  /** Whether the engine removes it when it ends (`--rm`); null: nobody has looked. */
  readonly autoRemove: boolean | null;
}

/** What Docker Compose says of a container of its own. */
export interface ComposeLabels {
  readonly project: string;
  readonly service: string;
  /** From 1; of `docker compose run`: null. */
  readonly number: number | null;
}

/**
 * The record of an adoption (ADR 0018): a container that never runs, whose label says which containers without labels of ours
 * are generation 0 of which instance.
 */
export interface ObservedAdoption {
  /** The record's own name, without the leading slash. */
  readonly engineName: string;
  /** False: a plan is to write it. */
  readonly isRecorded: boolean;
  /** Ids, also of those that are gone. */
  readonly containers: readonly string[];
}

/** One container of `stack run` (role label `run`). */
export interface ObservedRun {
  readonly id: string;
  /** Without the leading slash. */
  readonly engineName: string;
  readonly application: string;
  readonly container: string;
  readonly state: ContainerState;
  /** Nobody waits for it any more: who ran it is gone, or, where that cannot be told, it is over. */
  readonly abandoned: boolean;
  /** As it was run; `socket` is one of its own. Null when the label cannot be read. */
  readonly spec: RecordedSpec | null;
}

/** A run that the agent has made (role label `job`). */
export interface ObservedJobRun {
  readonly id: string;
  /** Without the leading slash. */
  readonly engineName: string;
  readonly application: string;
  readonly container: string;
  readonly state: ContainerState;
}

/** A volume that carries the stack's label. */
export interface ObservedVolume {
  readonly name: string;
  readonly application: string;
  readonly dataVolume: string;
  readonly path: string;
}

/** The published name of a socket: `name` in the directory `path` of a volume. */
export interface ObservedLink {
  readonly volume: string;
  readonly path: string;
  readonly name: string;
  readonly found: LinkFound;
}

/** What lies there; `unknown` when nobody could look. */
export type LinkFound =
  | { readonly kind: 'nothing' }
  /** `to` is the file name at the end of where it leads; `leads`: a socket is there. */
  | { readonly kind: 'symlink'; readonly to: string; readonly leads: boolean }
  | { readonly kind: 'socket' }
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** One of the stack's agent containers (role label `agent`), told apart by `name`. */
export interface ObservedAgent {
  readonly name: string;
  readonly id: string;
  readonly state: ContainerState;
  /** The canonical JSON of the {@link AgentSpec} it was created from. */
  readonly spec: string;
  /** Names of those that it is on now. */
  readonly networks: readonly string[];
}

/** An engine without anything of ours: what an offline plan sees. */
export const NOTHING_OBSERVED: ObservedState = {
  containers: [],
  volumes: [],
  foreignVolumes: [],
  foreignPorts: [],
  foreignNames: [],
  foreign: [],
  adoptions: [],
  networks: [],
  ownNetworks: [],
  agents: [],
  links: [],
  balancers: new Map(),
  migrates: null,
  runs: [],
  kept: [],
  templates: [],
  lostTemplates: [],
  jobRuns: [],
};
