import type { ContainerKey, DeployMode } from '../desired/desired-state.ts';
import type { SetCount } from '../journal/record.ts';
import type { RestartPolicy } from '../desired/instance-spec.ts';
import type { UlimitSpec } from '../desired/runtime-options.ts';
import type { PullPolicy } from '../desired/resolved-inputs.ts';
import type { Range } from '../span.ts';
import type { DataVolumeSpec, EnvEntry } from './application-spec.ts';
import type { Template } from './template.ts';
import type { ScaleSpec } from './scale-spec.ts';
import type { TextPlace } from './text-place.ts';

/** A container as it is written, its references still names. */
export interface WrittenContainer {
  readonly key: ContainerKey;
  readonly name: string;
  readonly application: string;
  /** Of its name in the file. */
  readonly range: Range;
  readonly mode: DeployMode;
  /** Instances; 1 for `cron`. Of one that is scaled, as many as there are at first, or are now. */
  readonly count: number;
  /** Of the value of `containers`; of the container's name where it is not written. */
  readonly countRange: Range;
  /** Of one that is built: its name without a tag. */
  readonly image: Template;
  readonly tag: Template | null;
  readonly pull: PullPolicy;
  /** Null: the image is made elsewhere. */
  readonly build: BuildSpec | null;
  /** Null: the image's own. */
  readonly command: readonly Template[] | null;
  readonly entrypoint: readonly Template[] | null;
  readonly env: readonly EnvEntry[];
  readonly envFrom: Reference | null;
  /** Of a `database` that is true. */
  readonly database: Range | null;
  readonly volumes: readonly Template[];
  readonly volumesFrom: readonly VolumesFromReference[];
  readonly ports: readonly Template[];
  readonly links: readonly LinkReference[];
  readonly dependsOn: readonly Reference[];
  readonly hostname: Template | null;
  readonly user: Template | null;
  readonly workingDir: Template | null;
  readonly socket: Template | null;
  /** The container that lists its instances as servers. */
  readonly balancer: Reference | null;
  readonly port: { readonly port: number; readonly range: Range } | null;
  readonly network: { readonly mode: 'stack' | 'host' | 'none'; readonly range: Range };
  readonly networks: readonly Template[];
  readonly restart: RestartPolicy;
  /** As the engine names it, `SIGQUIT`; null when none is written. */
  readonly stopSignal: string | null;
  /** Sent before the stop signal, so that a worker takes no more work. */
  readonly quietSignal: string | null;
  readonly stopTimeoutS: number;
  readonly drainTimeoutS: number;
  readonly startupMs: number | null;
  readonly health: HealthSpec | null;
  readonly strategy: StrategySpec;
  readonly rollout: RolloutSpec;
  readonly migration: MigrationSpec | null;
  readonly cron: CronSpec | null;
  readonly log: LogSpec | null;
  readonly limits: LimitSpec;
  readonly labels: readonly EnvEntry[];
  readonly platform: Template | null;
  /** Sorted by path. */
  readonly files: readonly FileSpec[];
  readonly notifications: NotificationsSpec;
  /** Whether instances that broke by themselves are brought back; null: neither it nor what is around it says. */
  readonly heal: boolean | null;
  /** What was last set of its number, by hand or by the scaler; null: nothing, or nobody has looked. */
  readonly set: SetCount | null;
  /** How the number of instances follows load or time; null: it is as written. */
  readonly scale: ScaleSpec | null;
  /** Requested after each successful run of a `cron` container; null: nothing is. */
  readonly heartbeat: Template | null;
  /** Containers outside of the stack that become its instances: one text for all of them, or one each, in their order; null: not written. */
  readonly adopt: Template | readonly Template[] | null;
}

/** A container whose references are found. */
export interface ContainerSpec extends WrittenContainer {
  /** What must be ready first, sorted. */
  readonly after: readonly ContainerKey[];
  /** The containers whose `env` it starts from, farthest first; its own is not among them. */
  readonly envChain: readonly WrittenContainer[];
  readonly mountsFrom: readonly MountSource[];
  /** Alias → the container and instance that it leads to, sorted by alias. */
  readonly linkTargets: readonly LinkTarget[];
}

/** A name in the file, with its place. */
export interface Reference {
  readonly name: string;
  readonly place: TextPlace;
}

/** `name` or `name:alias`; the alias is the name when none is written. */
export interface LinkReference extends Reference {
  readonly alias: string;
}

/** `name` or `name:ro`. */
export interface VolumesFromReference extends Reference {
  readonly readOnly: boolean;
}

/** What a `volumes_from` names. */
export type MountSource = { readonly readOnly: boolean; readonly place: TextPlace } & (
  | { readonly kind: 'data volume'; readonly dataVolume: DataVolumeSpec }
  | { readonly kind: 'container'; readonly container: ContainerKey }
);

/** One name that a container resolves. */
export interface LinkTarget {
  readonly alias: string;
  readonly container: WrittenContainer;
  readonly index: number;
}

/** What is asked before an instance counts as ready. */
export interface HealthSpec {
  readonly range: Range;
  readonly ask:
    | {
        readonly kind: 'http';
        readonly path: Template | null;
        readonly status: readonly (readonly [number, number])[] | null;
      }
    | { readonly kind: 'tcp' }
    | { readonly kind: 'command'; readonly command: readonly Template[] };
  readonly port: number | null;
  readonly timeoutMs: number | null;
  readonly intervalMs: number | null;
  readonly startPeriodMs: number | null;
  readonly retries: { readonly count: number; readonly range: Range } | null;
}

/** How instances are replaced, as written. */
export interface StrategySpec {
  readonly order: 'auto' | 'start-first' | 'stop-first';
  readonly range: Range;
  readonly batch: number;
  readonly surge: number | null;
}

/** What follows when an instance fails while its container is replaced, as written or by default. */
export interface RolloutSpec {
  readonly onFailure: 'rollback' | 'pause' | 'continue';
  /** How long an instance is watched after it was published; 0: not at all. */
  readonly monitorMs: number;
  /** How many instances come first, and how long they must do well before the next one. */
  readonly canary: { readonly instances: number; readonly bakeMs: number } | null;
}

/** What an image is built from; for the container's `platform`. */
export interface BuildSpec {
  /** Of `build` in the file. */
  readonly range: Range;
  /** The folder, from the stack file's. */
  readonly context: { readonly text: string; readonly place: TextPlace };
  /** From the context. */
  readonly dockerfile: string;
  /** Sorted by name. */
  readonly args: readonly EnvEntry[];
  /** Null: the last stage. */
  readonly target: string | null;
}

/** A run to the end before any new generation starts. */
export interface MigrationSpec {
  readonly command: readonly Template[];
  readonly timeoutMs: number;
  readonly reversible: boolean;
}

/** Who is told what came of a deploy; null: not asked for. */
export interface NotificationsSpec {
  readonly rollbar: {
    readonly token: Template;
    /** The container's variables that hold the environment's name and the revision. */
    readonly envVar: string | null;
    readonly revVar: string | null;
    readonly url: Template | null;
  } | null;
  readonly webhook: {
    readonly url: Template;
    readonly secret: Template | null;
    readonly headers: readonly EnvEntry[];
  } | null;
  readonly slack: { readonly url: Template; readonly channel: Template | null } | null;
}

/** When a `cron` container runs. */
export interface CronSpec {
  /** Lines of five fields; two when day and weekday are both restricted. */
  readonly schedule: readonly string[];
  /** `UTC` unless written. */
  readonly timezone: string;
  readonly overlap: 'skip' | 'queue' | 'allow';
  readonly timeoutMs: number | null;
  readonly catchUp: boolean;
  readonly jitterMs: number;
  /** Who is told of a run that failed; null: whoever is told of deploys. */
  readonly onFailure: NotificationsSpec | null;
}

/** The container's own log settings. */
export interface LogSpec {
  readonly driver: Template | null;
  readonly options: readonly EnvEntry[];
}

/** A file that is put into the container. */
export interface FileSpec {
  /** In the container: absolute, normalized. */
  readonly path: string;
  /** Of its path in the stack file. */
  readonly range: Range;
  readonly content:
    | { readonly kind: 'text'; readonly template: Template }
    /** Beside the stack file; `place` is that of its name. */
    | {
        readonly kind: 'file';
        readonly source: string;
        readonly place: TextPlace;
        readonly interpolate: boolean;
      };
  /** Permissions, four octal digits. */
  readonly mode: string;
  /** `user`, `user:group`, either of them a number; null: root. */
  readonly user: string | null;
  /** How a running program learns of another content; null: it is replaced. */
  readonly reload: ReloadSpec | null;
}

/** A signal, as the engine names it (`SIGHUP`), or a command in the container. */
export type ReloadSpec =
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'command'; readonly command: readonly Template[] };

/** What a container may use and do. Strings are checked when they are expanded. */
export interface LimitSpec {
  readonly memory: Template | null;
  readonly cpus: Template | null;
  readonly shmSize: Template | null;
  readonly readOnly: boolean;
  readonly init: boolean | null;
  readonly tmpfs: readonly Template[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly ulimits: readonly UlimitSpec[];
  readonly sysctls: readonly EnvEntry[];
  readonly devices: readonly Template[];
  readonly securityOpt: readonly Template[];
  readonly extraHosts: readonly Template[];
}
