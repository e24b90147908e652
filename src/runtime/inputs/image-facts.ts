import type { ImageFacts, ImageRequirement, ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { plainWords, type PlainWords } from '../plain-words.ts';
import { EngineError, type Engine, type ImageDetails, type RegistryAuth } from '../engine.ts';

/** How long a registry is waited for while planning, in milliseconds. */
export const REGISTRY_TIMEOUT_MS = 5_000;

/** Credentials for a reference's registry; null is anonymous. */
export type AuthLookup = (reference: string) => Promise<RegistryAuth | null>;

/** How an image is looked up. */
export interface ImageLookup {
  readonly engine: Engine;
  readonly auth: AuthLookup;
  /** False: no registry is asked at all, and what the engine has stands (`stack status`). */
  readonly askRegistry: boolean;
  /** What was found when registries were asked: what is to be pulled is that, where they are not. */
  readonly asked?: ResolvedInputs['images'];
}

/**
 * What is known of one image, by its pull policy (reference, row `image, tag`) and what the engine has of it: at most
 * one question to the registry, within 5 s. A registry that is away never stops a plan: what the engine has stands,
 * with a warning; what it lacks is planned to be pulled, with a warning too, before anything is stopped. Only
 * `pull: always` has to know what the registry has.
 */
export async function imageFacts(
  requirement: ImageRequirement,
  local: ImageDetails | null,
  lookup: ImageLookup,
): Promise<ImageFacts> {
  switch (requirement.pull) {
    case 'never':
      return local === null
        ? { kind: 'missing', error: 'it is not on the engine, and `pull: never` forbids to fetch it' }
        : standing(local, null);
    case 'missing':
      return local === null ? toPull(null, 'not on the engine', null) : standing(local, null);
    case 'auto':
      // No registry ever gave this image, so none can know it; asking would only wait and fail.
      if (local?.repoDigests.length === 0) return standing(local, null);
      return askedFacts(requirement, local, lookup);
    case 'always':
      return askedFacts(requirement, local, lookup);
    default:
      return unreachable(requirement.pull);
  }
}

async function askedFacts(
  { reference, pull }: ImageRequirement,
  local: ImageDetails | null,
  { engine, auth, askRegistry, asked: before = {} }: ImageLookup,
): Promise<ImageFacts> {
  const known = Object.hasOwn(before, reference) ? before[reference] : undefined;
  // What is to be pulled is no other image for not being asked for once more.
  if (!askRegistry && known?.kind === 'pull' && known.digest !== null && !has(local, known.digest))
    return known;
  if (!askRegistry || isPinned(reference)) {
    return local === null ? toPull(null, 'not on the engine', null) : standing(local, null);
  }
  let digest: string;
  try {
    digest = await engine.registryDigest(reference, await auth(reference), REGISTRY_TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const words = plainWords(error);
    const asked = `cannot be looked up: ${words.message}`;
    if (pull === 'always')
      return { kind: 'missing', error: told(`\`pull: always\`, and it ${asked}`, words) };
    if (local !== null) return standing(local, told(`it ${asked}; the local image stands`, words));
    const message = told(`it is not on the engine and ${asked}; the apply will try to pull it`, words);
    return { ...toPull(null, 'not on the engine', null), doubt: { message, help: words.help } };
  }
  if (local === null) return toPull(digest, 'not on the engine', null);
  // The same digest means the same image, whatever repository it was pulled from.
  return has(local, digest) ? standing(local, null) : toPull(digest, 'the registry has another one', local);
}

/** The words, and the engine's own behind them where they say more. */
export function told(message: string, { detail }: PlainWords): string {
  return detail === null ? message : `${message} (the engine: ${detail})`;
}

/** A digest in the reference cannot move. */
function isPinned(reference: string): boolean {
  return reference.includes('@sha256:');
}

function has(local: ImageDetails | null, digest: string): boolean {
  return local?.repoDigests.some((known) => known.endsWith(`@${digest}`)) ?? false;
}

function standing(local: ImageDetails, warning: string | null): ImageFacts {
  return { kind: 'local', id: local.id, config: local.config, warning };
}

function toPull(
  digest: string | null,
  why: string,
  local: ImageDetails | null,
): Extract<ImageFacts, { readonly kind: 'pull' }> {
  return { kind: 'pull', digest, why, doubt: null, config: local?.config ?? null };
}
