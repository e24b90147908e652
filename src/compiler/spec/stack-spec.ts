import type { ContainerKey } from '../desired/desired-state.ts';
import type { SourceFile } from '../source/source-file.ts';
import type { Range } from '../span.ts';
import type { ApplicationSpec } from './application-spec.ts';
import type { Template } from './template.ts';

/**
 * A stack file's meaning: every key typed and normalized, every reference resolved, every string taken apart but
 * not expanded. Output of `compile`; places are kept for what later stages may have to point at.
 */
export interface StackSpec {
  readonly source: SourceFile;
  /** A slug; what scopes everything on an engine. */
  readonly name: string;
  /** As written. */
  readonly applications: readonly ApplicationSpec[];
  readonly registries: readonly RegistrySpec[];
  readonly secrets: readonly SecretSpec[];
  /** The instance that forwards logs; its presence limits the logs of every container. */
  readonly forwarder: { readonly instance: string; readonly range: Range } | null;
  /** Containers that the file's `manual` key lets be replaced, sorted. */
  readonly included: readonly string[];
  /** How many earlier revisions can be gone back to. */
  readonly keep: number;
  /** What is run around an apply, in the order in which it comes. */
  readonly hooks: readonly HookSpec[];
  /** Whether the whole stack is watched over: it says `heal: true` itself. */
  readonly heals: boolean;
  /** Where the engine's host has its socket; null: it is not written. */
  readonly engineSocket: string | null;
  /** Where the stack's agent serves metrics; null: it serves none. */
  readonly metrics: MetricsSpec | null;
  /** Keys of the problems that `compile` reported, so that `resolve` does not repeat them. */
  readonly told: ReadonlySet<string>;
}

/** Where metrics are served on the engine's host; at least one of the two is not null. */
export interface MetricsSpec {
  /** The path of a socket. */
  readonly socket: string | null;
  /** A port of the loopback. */
  readonly port: number | null;
  /** Of the port, else of what says so. */
  readonly range: Range;
}

/** When a hook is run. */
export type HookName = 'setup' | 'before_apply' | 'after_apply' | 'on_failure' | 'shutdown';

/** A command around an apply. */
export interface HookSpec {
  readonly name: HookName;
  readonly command: readonly Template[];
  /** The container that a run of its own is made from; null: it runs on the operator's side. */
  readonly container: ContainerKey | null;
  readonly timeoutMs: number;
}

/** Credentials for pulls from one host; see `registryCredentials`. */
export interface RegistrySpec {
  readonly host: string;
  readonly range: Range;
  readonly username: Template;
  readonly password: Template;
}

/** Where a secret comes from, as written. */
export interface SecretSpec {
  readonly name: string;
  readonly range: Range;
  readonly source: SecretSource;
}

/** Read by the runtime; `path` is relative to the stack file, `command` runs without a shell. */
export type SecretSource =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: readonly string[] };
