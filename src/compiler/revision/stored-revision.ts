import { canonicalJson } from '../desired/canonical-json.ts';
import { isFields, isTextOrNull, isTexts } from '../journal/field-kinds.ts';
import { shallowJson } from '../shallow-json.ts';
import type { HostFacts, ImageConfig, ResolvedInputs } from '../desired/resolved-inputs.ts';

/** Raised when a field changes its meaning. */
const FORMAT = 1;

/**
 * All that a revision was made from, so that it can be made again: on the engine alone, in a container that never runs
 * (ADR 0014). It holds secrets, and is never shown.
 */
export interface StoredRevision {
  readonly content: RevisionContent;
  /** What was asked for besides the file. */
  readonly selection: StoredSelection;
}

/** The part that tells two revisions apart. */
export interface RevisionContent {
  readonly stack: string;
  /** The stack file as JSON, without `docker`, which has the credentials of its registries. */
  readonly source: string;
  /** By image reference; of a container that was held what it ran, where that is known. */
  readonly images: Readonly<Record<string, StoredImage>>;
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly host: HostFacts | null;
  /** Files beside the stack file, by their names in it, in base64. */
  readonly files: Readonly<Record<string, string>>;
  /** What images were built from; absent in older ones, and where none was. */
  readonly builds?: ResolvedInputs['builds'];
}

/** An image as it was when the revision was made. */
export interface StoredImage {
  /** `sha256:…`; null until it is pulled. */
  readonly id: string | null;
  /** `name@sha256:…` by which a registry knows it, sorted. */
  readonly digests: readonly string[];
  readonly config: ImageConfig | null;
}

export interface StoredSelection {
  readonly include: readonly string[];
  readonly force: readonly string[];
  readonly only: readonly string[];
  readonly allowRemoveAll: boolean;
  /** Whether migrations run that have not: no way back runs any. */
  readonly migrations: boolean;
  /** What was started outside of the stack becomes a part of it; absent in older ones: it does not. */
  readonly adopt?: boolean;
}

/** What cannot be read, in words. */
export interface NoStoredRevision {
  readonly reason: string;
  /** False: it is of another version of the program, which can read it. */
  readonly isDamaged: boolean;
}

const DAMAGED: NoStoredRevision = { reason: 'it is damaged', isDamaged: true };

export function encodeStoredRevision({ content, selection }: StoredRevision): string {
  return `${JSON.stringify({ stackc_revision: FORMAT, content, selection })}\n`;
}

/** Never throws: what is damaged or of another version says so. */
export function decodeStoredRevision(text: string): StoredRevision | NoStoredRevision {
  const fields = shallowJson(text);
  if (!isFields(fields)) return DAMAGED;
  const { stackc_revision: format, content, selection } = fields;
  if (format !== FORMAT)
    return {
      reason: `it is of format ${JSON.stringify(format)}, and this version reads ${FORMAT}`,
      isDamaged: false,
    };
  if (!isContent(content) || !isSelection(selection)) return DAMAGED;
  return { content, selection };
}

/** Whether two revisions are made from the same. */
export function isSameContent(one: RevisionContent, other: RevisionContent): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

/** One of a part of the file is never gone back to: of the rest nobody knows whether it was ever applied. */
export function isOfWholeFile({ selection }: StoredRevision): boolean {
  return selection.only.length === 0;
}

function isContent(value: unknown): value is RevisionContent {
  if (!isFields(value)) return false;
  const { stack, source, images, env, secrets, host, files, builds = {} } = value;
  if (typeof stack !== 'string' || typeof source !== 'string') return false;
  if (!isTextsByName(env) || !isTextsByName(secrets) || !isTextsByName(files)) return false;
  if (!isFields(builds) || !Object.values(builds).every(isBuild)) return false;
  return isFields(images) && Object.values(images).every(isImage) && (host === null || isHost(host));
}

function isBuild(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { digest, files, bytes } = value;
  return typeof digest === 'string' && typeof files === 'number' && typeof bytes === 'number';
}

function isImage(value: unknown): value is StoredImage {
  if (!isFields(value)) return false;
  const { id, digests, config } = value;
  return isTextOrNull(id) && isTexts(digests) && (config === null || isConfig(config));
}

function isConfig(value: unknown): value is ImageConfig {
  if (!isFields(value)) return false;
  const { entrypoint, command, env, stopSignal, healthcheck, exposedPorts } = value;
  if (!isTextOrNull(stopSignal) || typeof healthcheck !== 'boolean') return false;
  return isTexts(entrypoint) && isTexts(command) && isTexts(env) && isTexts(exposedPorts);
}

function isHost(value: unknown): value is HostFacts {
  if (!isFields(value)) return false;
  const { name, publicIp, logDriver } = value;
  return typeof name === 'string' && isTextOrNull(publicIp) && typeof logDriver === 'string';
}

function isSelection(value: unknown): value is StoredSelection {
  if (!isFields(value)) return false;
  const { include, force, only, allowRemoveAll, migrations, adopt } = value;
  if (typeof allowRemoveAll !== 'boolean' || typeof migrations !== 'boolean') return false;
  if (adopt !== undefined && typeof adopt !== 'boolean') return false;
  return isTexts(include) && isTexts(force) && isTexts(only);
}

function isTextsByName(value: unknown): value is Readonly<Record<string, string>> {
  return isFields(value) && Object.values(value).every((each) => typeof each === 'string');
}
