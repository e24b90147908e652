import type { RuntimeOptions } from './runtime-options.ts';
import type { HttpGate, TcpGate } from './desired-state.ts';

/**
 * What defines one container on the engine, without any environment value: the `io.stackc.spec` label.
 * Every field is always present, so that the same spec has the same bytes. `version` changes with the
 * meaning of a field (ADR 0001).
 */
export interface InstanceSpec extends RuntimeOptions {
  readonly version: 1;
  readonly image: string;
  /** Displayable words: secrets and operator's variables as written, the socket as `%{socket}`. Null: the image's own. */
  readonly command: readonly string[] | null;
  readonly entrypoint: readonly string[] | null;
  /** Names only, sorted. */
  readonly env: readonly string[];
  /** Those of `env` whose values must never be shown, sorted; not compared. */
  readonly maskedEnv: readonly string[];
  readonly user: string | null;
  readonly workingDir: string | null;
  /** Only a written one. */
  readonly hostname: string | null;
  readonly mounts: readonly MountSpec[];
  readonly ports: readonly PortSpec[];
  readonly network: 'stack' | 'host' | 'none';
  /** Existing networks joined besides the application's own, sorted. */
  readonly networks: readonly string[];
  /** Names that this container resolves, sorted by alias. */
  readonly links: readonly LinkSpec[];
  readonly restart: RestartPolicy;
  /** Only a written one. */
  readonly stopSignal: string | null;
  /** The published path, where there is one. */
  readonly socket: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly platform: string | null;
  /** What is put into the container, without contents, sorted by path. Absent in labels of earlier versions. */
  readonly files: readonly FilePlace[];
}

/**
 * What the label of a generation holds: the spec, and what later plans and looks want to know of how it was made. That is
 * no part of what counts as a change; labels of earlier versions lack it.
 */
export interface RecordedSpec extends InstanceSpec {
  /** The displayable words of its container's migration when it was made; null: it had none. */
  readonly migration?: readonly string[] | null;
  /** How it was asked whether it was ready; null where that takes more than a question of the agent. */
  readonly gate?: HttpGate | TcpGate | null;
  /** The TCP port on which it serves; null: none is known. */
  readonly port?: number | null;
  /** The name under which it was started outside of the stack; absent: stackc made it (ADR 0018). */
  readonly adopted?: string;
}

/**
 * A name and the instance it leads to. The engine resolves `target` at every lookup by the name that a container
 * has at that moment, so a link follows a replacement by its renames, and leads only to a generation that has
 * passed its gate (ADR 0002). The target need not exist when the link is made.
 */
export interface LinkSpec {
  readonly alias: string;
  /** The engine name of an instance: `shop-redis0`. */
  readonly target: string;
}

/** A bind or a volume, sorted by target. Data volumes never copy the image's content (`noCopy`). */
export interface MountSpec {
  readonly type: 'bind' | 'volume';
  /** A host path or a volume's name. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  /** SELinux relabelling, binds only. */
  readonly relabel: 'shared' | 'private' | null;
  /** The data volume it comes from, and null for `volumes`. */
  readonly dataVolume: string | null;
  /** Of a bind: a source that is not there is an error, and not made. */
  readonly mustExist?: true;
}

/** Where a file lies, and whose it is. */
export interface FilePlace {
  readonly path: string;
  /** Permissions, octal: `0644`. */
  readonly mode: string;
  /** `user` or `user:group`; null: root. */
  readonly user: string | null;
}

/** One port; `hostPort` null lets the engine choose. */
export interface PortSpec {
  readonly containerPort: number;
  readonly hostPort: number | null;
  readonly hostIp: string | null;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** Restart policy as the engine names it; `maxRetries` only with `on-failure`. */
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maxRetries: number;
}
