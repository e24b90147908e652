import type { JobSpec } from '../cron/job.ts';
import type { HookName } from '../spec/stack-spec.ts';
import type { Span } from '../span.ts';
import type { FilePlace, InstanceSpec } from './instance-spec.ts';
import type { DesiredScale } from './scale.ts';
import type { BuildRequirement } from './resolved-inputs.ts';

/**
 * Marks, inside a resolved string, where the socket path of the generation goes. No argument, variable or
 * path can hold a NUL byte, so the mark can never be part of a value.
 */
export const SOCKET_HOLE = '\0socket\0';

/**
 * Marks where the short id of the image goes, twelve hex digits, when it is known only after the pull. It stands for
 * the whole value of `RELEASE_TAG` and is filled at create.
 */
export const RELEASE_HOLE = '\0release\0';

/** `application/container`, unique in a stack. */
export type ContainerKey = string & { readonly brand: 'ContainerKey' };

/** `application/instance` (`shop/app0`), unique in a stack. */
export type InstanceKey = string & { readonly brand: 'InstanceKey' };

/** Everything a stack should be, with every reference, image and value resolved. Output of `resolve`. */
export interface DesiredState {
  readonly stack: string;
  readonly networks: readonly DesiredNetwork[];
  readonly volumes: readonly DesiredVolume[];
  /** In the order of the work: what is depended on first, the written order where nothing else decides. */
  readonly containers: readonly DesiredContainer[];
  /** Containers (by name as in the file) that the file's own `manual` key lets be replaced. */
  readonly included: readonly string[];
  /** What is run around an apply, in the order in which it comes. */
  readonly hooks: readonly DesiredHook[];
  /** Whether somebody watches over all of it, and brings back what breaks (ADR 0023). */
  readonly heals: boolean;
  /** Where the engine's host has its socket; null: the file does not say. */
  readonly engineSocket: string | null;
  /** Where the agent serves metrics on that host; null: nowhere. */
  readonly metrics: DesiredMetrics | null;
}

/** At least one of the two is not null. */
export interface DesiredMetrics {
  /** The path of a socket of the host. */
  readonly socket: string | null;
  /** A port of the host's loopback, and of no other address. */
  readonly port: number | null;
  readonly span: Span;
}

/** A command around an apply. */
export interface DesiredHook {
  readonly name: HookName;
  /** The real words. */
  readonly command: readonly string[];
  /** As they may be shown: secrets as `%{secret:…}`. */
  readonly shown: readonly string[];
  /** The container that a run of its own is made from; null: it runs on the operator's side. */
  readonly container: ContainerKey | null;
  readonly timeoutMs: number;
}

/** The bridge network of an application; links are resolved on it (see `LinkSpec`). */
export interface DesiredNetwork {
  readonly name: string;
  readonly application: string;
}

/** One mount path of a data volume. `adopted`: it belongs to an earlier tool and already exists; never created. */
export interface DesiredVolume {
  readonly name: string;
  readonly application: string;
  readonly dataVolume: string;
  readonly path: string;
  readonly adopted: boolean;
}

/** What happens to a container's instances; see `reconcile/mode-table.ts`. */
export type DeployMode = 'auto' | 'manual' | 'cron';

/** One `containers` entry with its instances. */
export interface DesiredContainer {
  readonly key: ContainerKey;
  readonly name: string;
  readonly application: string;
  readonly mode: DeployMode;
  /** Of the container's key in the file. */
  readonly span: Span;
  /** What must be ready before the first instance starts. Never itself, never a cycle. */
  readonly after: readonly ContainerKey[];
  readonly image: DesiredImage;
  /** Ascending by index; none for `containers: 0`. For `cron`: exactly one, the template of its runs. */
  readonly instances: readonly DesiredInstance[];
  /** Instance 0, also where there is none: what migrations and runs are made from. */
  readonly template: DesiredInstance;
  readonly strategy: Strategy;
  readonly rollout: Rollout;
  /** The container that the file says lists its instances; null where it says none. */
  readonly balancer: { readonly name: string; readonly span: Span } | null;
  readonly migration: DesiredMigration | null;
  /** Containers whose new generations wait for this container's migration too (they take its `env_from`). */
  readonly migrationGates: readonly ContainerKey[];
  /** Who is told what came of a deploy of it. */
  readonly notifications: readonly Notification[];
  /** Whether instances that broke by themselves are brought back (ADR 0023). */
  readonly heal: boolean;
  /** How the number of its instances follows load or time; null: it is as written (ADR 0024). */
  readonly scale: DesiredScale | null;
  /** Null for what is no `cron` container. */
  readonly job: DesiredJob | null;
}

/** When a `cron` container runs, and who hears of its runs. */
export interface DesiredJob {
  readonly spec: JobSpec;
  /** Requested after each successful run; it may be a secret. Null: nothing is. */
  readonly heartbeat: string | null;
  /** Who is told when a run has failed. */
  readonly onFailure: readonly Notification[];
}

/** Somebody who is told what came of a deploy. It holds secrets, and is no part of what counts as a change. */
export type Notification =
  | {
      readonly kind: 'rollbar';
      readonly url: string;
      readonly token: string;
      /** The container's variables that hold the environment's name and the revision; null: none is named. */
      readonly envVar: string | null;
      readonly revVar: string | null;
    }
  | {
      readonly kind: 'webhook';
      readonly url: string;
      /** Null: the body is not signed. */
      readonly secret: string | null;
      readonly headers: readonly (readonly [string, string])[];
    }
  | { readonly kind: 'slack'; readonly url: string; readonly channel: string | null };

/** Which image a container runs. */
export interface DesiredImage {
  /** As given to the engine: `name:tag` or `name@sha256:…`. */
  readonly reference: string;
  /** The local image id that counts, `sha256:…`; null when it is only known after the pull, or not at all. */
  readonly id: string | null;
  /** The registry's digest that the pull brings, and the reference `by` which; null when nothing is pulled. */
  readonly pull: { readonly digest: string | null; readonly by?: string; readonly why: string } | null;
  /** Absent: it is made elsewhere. */
  readonly build?: DesiredBuild;
}

/** How an image is made from a folder beside the stack file. */
export interface DesiredBuild extends Omit<BuildRequirement, 'key'> {
  readonly content: { readonly digest: string; readonly files: number; readonly bytes: number };
  /** Where it goes; null: it stays on the engine. */
  readonly registry: string | null;
  /** Whether it is yet to be built; what it will be is not known then. */
  readonly builds: boolean;
  /** Whether the registry is yet to get it. */
  readonly pushes: boolean;
}

/** How instances are replaced, and why so. */
export interface Strategy {
  readonly order: 'start-first' | 'stop-first';
  readonly why: string;
  /** Instances replaced at the same time, at least 1. */
  readonly batch: number;
  /** Generations that may be there above the number of instances while they are replaced start-first. */
  readonly surge: number;
  /** Only ports of the host that it publishes keep two generations from living side by side. */
  readonly onlyPorts: boolean;
}

/** What follows when an instance fails while its container is replaced. */
export interface Rollout {
  /**
   * `rollback`: those that were replaced go back. `pause`: they stay, and nothing else of the container is begun. `continue`: the
   * others are replaced all the same.
   */
  readonly onFailure: 'rollback' | 'pause' | 'continue';
  /** How long a generation that took the place of another is watched after it was published; 0: not at all. */
  readonly monitorMs: number;
  /** How many instances are replaced first, and how long they must run before the next one; null: no pause. */
  readonly canary: { readonly instances: number; readonly bakeMs: number } | null;
}

/** One instance: what is created for it, and how it is judged and stopped. */
export interface DesiredInstance {
  readonly key: InstanceKey;
  /** `app0`. */
  readonly name: string;
  readonly index: number;
  /** The name of its current generation on the engine. */
  readonly engineName: string;
  readonly spec: InstanceSpec;
  /** The real words, secrets included; strings may hold {@link SOCKET_HOLE}. `spec` holds the displayable ones. */
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  readonly env: readonly EnvVar[];
  /** Always set at create; not part of what counts as a change unless the file writes it (then it is in `spec`). */
  readonly hostname: string | null;
  /** Given to the engine; `spec.stopSignal` holds only a written one. Null leaves the image's own. */
  readonly stopSignal: string | null;
  readonly log: LogOptions | null;
  readonly gate: Gate;
  /** The TCP port that it serves on, where it serves on no socket; null: not known. */
  readonly port: number | null;
  readonly stop: StopSpec;
  readonly socket: SocketSpec | null;
  /** Names of containers outside of the stack of which one becomes its generation 0; null: one named like it. */
  readonly adopt: readonly string[] | null;
  /** Those of `spec.files` with what is in them; never shown or stored outside of the container. */
  readonly files: readonly DesiredFile[];
}

/** A file with its content. */
export interface DesiredFile extends FilePlace {
  /** Text may hold {@link SOCKET_HOLE}. */
  readonly content: string | Uint8Array;
  readonly reload: Reload | null;
}

/** How a running program reads its files again. Words may hold {@link SOCKET_HOLE}. */
export type Reload =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'command'; readonly command: readonly string[]; readonly shown: readonly string[] };

/** json-file or local log limits; applied at create, outside of what counts as a change. */
export interface LogOptions {
  readonly driver: string | null;
  readonly options: Readonly<Record<string, string>>;
}

/** One environment variable. `value` may hold {@link SOCKET_HOLE} or be {@link RELEASE_HOLE}. */
export interface EnvVar {
  readonly name: string;
  readonly value: string;
  /** Never shown: it comes from a secret or the operator's environment, or its name speaks of one. */
  readonly masked: boolean;
  /** False for what follows from something else (`RELEASE_TAG`) and is no change by itself. */
  readonly tracked: boolean;
}

/** How an instance is stopped. */
export interface StopSpec {
  readonly signal: string | null;
  /** Sent first, so that a worker takes no more work (`SIGTSTP` for Sidekiq). */
  readonly quietSignal: string | null;
  /** Whole seconds, 0 to 86,400. */
  readonly timeoutS: number;
  /** How long connections may take to end before that, where they can be counted; whole seconds, 0 to 86,400. */
  readonly drainS: number;
  readonly why: string;
}

/** The path an instance serves on. */
export interface SocketSpec {
  /** As the container names it: `/var/lib/haproxy/socks/app0.sock`. */
  readonly published: string;
  /** The directory of `published` in the container. */
  readonly directory: string;
  /** The volume that holds it, and the directory's path inside that volume (`''` for its root). */
  readonly volume: string;
  readonly volumePath: string;
  readonly inferred: boolean;
  /** Whether the program takes the path from words or variables of ours, so that each generation can have its own. */
  readonly movable: boolean;
}

/** What must hold before an instance counts as ready. Times in milliseconds. */
export type Gate =
  | HttpGate
  | TcpGate
  | CommandGate
  /** The engine says healthy; without a health check: it ran for `uptimeMs` without a restart. */
  | {
      readonly kind: 'engine';
      readonly limitMs: number;
      readonly uptimeMs: number;
      /** Whether the image has a health check, which `limitMs` limits; else it has to be up for `uptimeMs`. Absent: not known. */
      readonly healthcheck?: boolean;
    };

/** Two complete answers in a row with a status in range, over the generation's own socket or a TCP port. */
export interface HttpGate {
  readonly kind: 'http';
  readonly over: 'socket' | { readonly port: number };
  readonly path: string;
  /** Accepted statuses, inclusive ranges; default 100–499. */
  readonly status: readonly (readonly [number, number])[];
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly limitMs: number;
}

/** A connection is accepted. */
export interface TcpGate {
  readonly kind: 'tcp';
  readonly over: 'socket' | { readonly port: number };
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly limitMs: number;
}

/** A command inside the container exits 0. Words may hold {@link SOCKET_HOLE}. */
export interface CommandGate {
  readonly kind: 'command';
  readonly command: readonly string[];
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly limitMs: number;
}

/** A run to the end before any new generation starts. */
export interface DesiredMigration {
  /** The real words. */
  readonly command: readonly string[];
  /** What the record's label holds: secrets as `%{secret:…}`. */
  readonly shown: readonly string[];
  readonly timeoutMs: number;
  readonly reversible: boolean;
}

/** The socket path of a generation, beside the published one; its name is unique on the engine. */
export function generationSocket(instance: DesiredInstance, socket: SocketSpec, generation: number): string {
  return `${socket.directory}/${generationSocketName(instance.engineName, generation)}`;
}

/** The file name of a generation's own socket. */
export function generationSocketName(engineName: string, generation: number): string {
  return `.${engineName}.${generation}`;
}
