import type { ContainerKey } from './desired-state.ts';

/** Everything `resolve` takes from outside the file, gathered by the runtime from what `requirements` asks for. */
export interface ResolvedInputs {
  /** By image reference as in {@link Requirements.images}. */
  readonly images: Readonly<Record<string, ImageFacts>>;
  /** The operator's environment: only the asked names; unset ones are absent. */
  readonly env: Readonly<Record<string, string>>;
  /** By secret name; a failure carries what to tell the user, never the value. */
  readonly secrets: Readonly<Record<string, { readonly value: string } | { readonly error: string }>>;
  /**
   * Null where no template reads them: then only what creates a container misses them, for the host name and the log
   * driver that it gets by default.
   */
  readonly host: HostFacts | null;
  /**
   * Where data volumes already live, by `application/data volume`: mount path → volume name or host path. From the
   * stack's own containers first, else from a data-only container of an earlier tool. Absent: a new volume.
   */
  readonly dataMounts: Readonly<Record<string, Readonly<Record<string, DataMount>>>>;
  /** Files beside the stack file, by their names in it. */
  readonly files: Readonly<Record<string, FileContent>>;
  /** What images are built from, by {@link BuildRequirement.key}. */
  readonly builds: Readonly<Record<string, BuildContent>>;
}

/**
 * What goes into a build: the SHA-256 over its files, Dockerfile, arguments, target and platform, in hexadecimal digits; or why
 * it cannot be had, as the end of a sentence.
 */
export type BuildContent =
  | { readonly digest: string; readonly files: number; readonly bytes: number }
  | { readonly error: string };

/** A file's bytes, or why it cannot be had, as the end of a sentence. */
export type FileContent = { readonly bytes: Uint8Array } | { readonly error: string };

/** What is mounted for one path of a data volume. */
export interface DataMount {
  readonly type: 'bind' | 'volume';
  readonly source: string;
}

/** What is known of an image. `offline` plans know nothing. */
export type ImageFacts =
  | { readonly kind: 'unknown' }
  /** On the engine, and it stands: `note` says why when the registry should have been asked and was not reached. */
  | {
      readonly kind: 'local';
      readonly id: string;
      readonly config: ImageConfig;
      readonly warning: string | null;
    }
  /** To be pulled: the registry has another digest, or nothing is on the engine. */
  | {
      readonly kind: 'pull';
      readonly digest: string | null;
      /** What is asked for instead of the reference, whose tag may mean another image by now; absent: the reference. */
      readonly by?: string;
      readonly why: string;
      /** Why the pull will hardly succeed, and what to do; null when nothing speaks against it. */
      readonly doubt: { readonly message: string; readonly help: string | null } | null;
      /** Of the image that the pull replaces, when there is one. */
      readonly config: ImageConfig | null;
    }
  /** To be built: neither the engine nor its registry has it; `config` is that of the image which runs now, if one does. */
  | {
      readonly kind: 'build';
      /** Why the registry could not be asked, and what to do; null when it was, or there is none. */
      readonly doubt: { readonly message: string; readonly help: string | null } | null;
      readonly config: ImageConfig | null;
    }
  /** Built, and on the engine, but its registry has not got it. */
  | { readonly kind: 'push'; readonly id: string; readonly config: ImageConfig }
  /** Neither on the engine nor to be had. */
  | { readonly kind: 'missing'; readonly error: string };

/** The part of an image's configuration that planning reads. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly stopSignal: string | null;
  readonly healthcheck: boolean;
  /** `80/tcp`, sorted. */
  readonly exposedPorts: readonly string[];
}

/** The machine of the engine. */
export interface HostFacts {
  readonly name: string;
  readonly publicIp: string | null;
  /** The engine's default log driver, `json-file` mostly. */
  readonly logDriver: string;
}

/** What `resolve` will need; computed from the spec alone. */
export interface Requirements {
  readonly images: readonly ImageRequirement[];
  readonly env: readonly string[];
  readonly secrets: readonly string[];
  /** Names of files beside the stack file. Those that are interpolated may need more: ask again once they are known. */
  readonly files: readonly string[];
  /** What images are built from: their names are known once its content is. */
  readonly builds: readonly BuildRequirement[];
  /** Whether a template reads a fact of the host. */
  readonly host: boolean;
  /** Data volumes as `application/data volume`; an earlier tool may hold one in a container of that name. */
  readonly dataVolumes: readonly { readonly key: string; readonly name: string }[];
}

/** When a registry is asked; see the reference, row `image`, `tag`. */
export type PullPolicy = 'auto' | 'always' | 'missing' | 'never';

/** An image reference with its pull policy; a reference used with several policies is listed once, the most eager. */
export interface ImageRequirement {
  readonly reference: string;
  readonly pull: PullPolicy;
  /** Who uses it (for `manual` ones that exist and are not included, nothing is looked up). */
  readonly containers: readonly ContainerKey[];
  /** Of one that is built: the registry where it goes, null for none. Absent: it is made elsewhere. */
  readonly build?: { readonly registry: string | null };
}

/** A folder beside the stack file, and how it is built. */
export interface BuildRequirement {
  /** Of all the rest: the same build has the same. */
  readonly key: string;
  /** From the stack file's folder. */
  readonly context: string;
  /** From the context. */
  readonly dockerfile: string;
  readonly args: readonly { readonly name: string; readonly value: string }[];
  readonly target: string | null;
  readonly platform: string | null;
}
