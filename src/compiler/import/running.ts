import type { PortSpec, RestartPolicy } from '../desired/instance-spec.ts';
import type { RuntimeOptions } from '../desired/runtime-options.ts';
import type { ContainerState } from '../observed/observed-state.ts';
import type { VolumeMount } from '../spec/values/volume.ts';

/** What an engine tells of its containers, for a first stack file. Holds values of variables: nothing of it is for people's eyes. */
export interface RunningFacts {
  /** All of the engine, whoever made them. */
  readonly containers: readonly RunningContainer[];
  /** By id, and by the names that containers were made with. */
  readonly images: Readonly<Record<string, ImageDefaults>>;
  /** The driver of each network, by name. */
  readonly networks: Readonly<Record<string, string>>;
  /** The engine's host, and the log driver of containers that name none. */
  readonly host: string;
  readonly logDriver: string;
}

/** What containers of an image have that say nothing themselves. */
export interface ImageDefaults {
  readonly id: string;
  /** `name:tag`, sorted. */
  readonly tags: readonly string[];
  /** `name@sha256:…`, sorted. */
  readonly digests: readonly string[];
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly health: HealthCheck | null;
  /** `80/tcp`, sorted. */
  readonly exposedPorts: readonly string[];
}

/** One container as it was made: its own values and those that it has of its image are not told apart. */
export interface RunningContainer extends RuntimeOptions {
  readonly id: string;
  readonly name: string;
  /** What it was made from, as it was written then. */
  readonly image: string;
  readonly imageId: string;
  readonly state: ContainerState;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly command: readonly string[];
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly hostname: string;
  readonly stopSignal: string | null;
  /** Null: the engine's own, 10 s. */
  readonly stopTimeoutS: number | null;
  readonly health: HealthCheck | null;
  readonly restart: RestartPolicy;
  /** `default`, `bridge`, `host`, `none`, `container:…` or a network's name. */
  readonly networkMode: string;
  readonly networks: readonly JoinedNetwork[];
  /** `--link`: the name of a container, and what it is called inside. */
  readonly links: readonly { readonly target: string; readonly alias: string }[];
  readonly mounts: readonly RunningMount[];
  /** Names or ids of containers whose mounts it shares. */
  readonly volumesFrom: readonly { readonly container: string; readonly readOnly: boolean }[];
  readonly ports: readonly PortSpec[];
  readonly log: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
  /** Options of `docker run` that it was made with and that no stack file has: `--privileged`, `--pid=host`. */
  readonly foreignOptions: readonly string[];
}

/** A network that a container is on. */
export interface JoinedNetwork {
  readonly name: string;
  /** The names by which others on it find the container, but not its own. */
  readonly aliases: readonly string[];
}

/** A mount as it is, wherever it comes from. */
export interface RunningMount extends VolumeMount {
  /** Of a volume that nobody has named. */
  readonly anonymous: boolean;
  /** Of a volume; `local` mostly. */
  readonly driver: string;
}

/** A health check of the engine's own; `test` as the engine has it, `CMD`, `CMD-SHELL` or `NONE` first. */
export interface HealthCheck {
  readonly test: readonly string[];
  /** Milliseconds; 0: the engine's own. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly retries: number;
}
