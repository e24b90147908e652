import { createHash } from 'node:crypto';

import type { EngineImage } from '../../../src/compiler/cleanup/used-images.ts';
import type { ImageConfig } from '../../../src/compiler/desired/resolved-inputs.ts';
import { EngineError, type EngineErrorKind, type ImageDetails } from '../../../src/runtime/engine.ts';
import { notFound } from './failures.ts';

/** An image; what is absent is made from the reference. */
export interface MemoryImage {
  readonly id?: string;
  /** Null: no registry knows it. */
  readonly digest?: string | null;
  readonly config?: Partial<ImageConfig>;
}

/** A registry's answer for a reference; a kind is a failure. */
export type RegistryEntry = MemoryImage | EngineErrorKind;

/** Of every image. */
const IMAGE_BYTES = 1_000_000;

/** The images on an engine, and the registries it can reach. */
export class ImageTable {
  readonly #local = new Map<string, ImageDetails>();
  /** Also those whose reference means another one by now. */
  readonly #byId = new Map<string, ImageDetails>();
  readonly #registry: Readonly<Record<string, RegistryEntry>>;

  constructor(
    local: Readonly<Record<string, MemoryImage>>,
    registry: Readonly<Record<string, RegistryEntry>>,
  ) {
    this.#registry = Object.fromEntries(
      Object.entries(registry).map(([reference, entry]) => [tagged(reference), entry]),
    );
    for (const [reference, image] of Object.entries(local)) this.add(reference, { digest: null, ...image });
  }

  /** Puts an image on the engine, under a reference that then means it. */
  add(reference: string, image: MemoryImage): void {
    const details = detailsOf(tagged(reference), image);
    this.#local.set(tagged(reference), details);
    this.#byId.set(details.id, details);
  }

  remove(reference: string): void {
    const found = this.find(reference);
    if (found === null) return;
    this.#byId.delete(found.id);
    for (const [name, { id }] of this.#local) if (id === found.id) this.#local.delete(name);
  }

  /** As the engine does without force: by one of several names that name goes, else the image. */
  untag(reference: string): void {
    const found = this.find(reference);
    if (found === null) return;
    if (found.id !== reference) this.#local.delete(tagged(reference));
    const isNamed = [...this.#local.values()].some(({ id }) => id === found.id);
    if (found.id === reference || !isNamed) this.remove(found.id);
  }

  list(): readonly EngineImage[] {
    return [...this.#byId.values()].map(({ id, repoDigests }) => ({
      id,
      tags: [...this.#local].flatMap(([name, image]) =>
        image.id === id && !name.includes('@') ? [name] : [],
      ),
      digests: repoDigests,
      bytes: IMAGE_BYTES,
    }));
  }

  /** By reference, by `name@digest` or by id. */
  find(reference: string): ImageDetails | null {
    const wanted = tagged(reference);
    const found = [...this.#local].find(
      ([name, image]) => name === wanted || image.repoDigests.includes(reference),
    );
    return found?.[1] ?? this.#byId.get(reference) ?? null;
  }

  /** The digest in the registry. Throws as the engine would. */
  digest(reference: string): string {
    const entry = this.#ask(reference, `ask the registry for ${reference}`);
    return entry.digest ?? digestOf(reference);
  }

  /** Takes the registry's image. Throws as the engine would. */
  pull(reference: string): void {
    const entry = this.#ask(reference, `pull ${reference}`);
    this.add(reference, { ...entry, digest: entry.digest ?? digestOf(reference) });
  }

  /** From then on its registry knows what the engine has. */
  push(reference: string): void {
    const found = this.find(reference);
    if (found === null) throw notFound(`push ${reference}`, `an image does not exist locally: ${reference}`);
    this.add(reference, { id: found.id, digest: digestOf(reference), config: found.config });
  }

  #ask(reference: string, operation: string): MemoryImage {
    const [name, digest] = reference.split('@', 2);
    const entry = Object.entries(this.#registry).find(([key, value]) =>
      digest === undefined
        ? key === tagged(reference)
        : key.startsWith(`${name}:`) && typeof value === 'object' && value.digest === digest,
    )?.[1];
    if (entry === undefined) throw notFound(operation, `manifest for ${reference}: manifest unknown`);
    if (typeof entry === 'string') throw new EngineError(entry, operation, `${entry}: ${reference}`);
    return entry;
  }
}

function tagged(reference: string): string {
  if (reference.includes('@') || reference.startsWith('sha256:')) return reference;
  return reference.lastIndexOf(':') > reference.lastIndexOf('/') ? reference : `${reference}:latest`;
}

function detailsOf(reference: string, image: MemoryImage): ImageDetails {
  const name = reference.split('@')[0]?.replace(/:[^/:]*$/, '') ?? reference;
  const { digest } = image;
  return {
    id: image.id ?? `sha256:${hash(`${reference} ${String(digest)}`)}`,
    repoDigests: digest === null || digest === undefined ? [] : [`${name}@${digest}`],
    config: {
      entrypoint: [],
      command: [],
      env: [],
      stopSignal: null,
      healthcheck: false,
      exposedPorts: [],
      ...image.config,
    },
  };
}

function digestOf(reference: string): string {
  return `sha256:${hash(reference)}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
