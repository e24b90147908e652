import type { ImageConfig, ImageFacts, ImageRequirement } from '../../compiler/desired/resolved-inputs.ts';
import { repositoryOf } from '../../compiler/cleanup/used-images.ts';
import { EngineError, type ImageDetails } from '../engine.ts';
import { plainWords } from '../plain-words.ts';
import { REGISTRY_TIMEOUT_MS, told, type ImageLookup } from './image-facts.ts';

/**
 * What is known of an image that is built here (ADR 0020). Its tag means one content, so what the engine has stands, and a
 * registry is asked only for what the engine has not; with `pull: always` at each plan. `pull: never` builds without asking.
 */
export async function buildFacts(
  { reference, pull }: ImageRequirement,
  registry: string | null,
  local: ImageDetails | null,
  running: () => Promise<ImageConfig | null>,
  lookup: ImageLookup,
): Promise<ImageFacts> {
  const here = local === null ? null : standing(local);
  if (registry === null) return here ?? { kind: 'build', doubt: null, config: await running() };
  if (local !== null && here !== null) {
    const isThere = local.repoDigests.some((known) => repositoryOf(known) === repositoryOf(reference));
    if (isThere && pull !== 'always') return here;
    if (!isThere) return { kind: 'push', id: local.id, config: local.config };
  }
  if (!lookup.askRegistry) return here ?? lookup.asked?.[reference] ?? toBuild(null, await running());
  if (pull === 'never') return toBuild(null, await running());
  try {
    const digest = await lookup.engine.registryDigest(
      reference,
      await lookup.auth(reference),
      REGISTRY_TIMEOUT_MS,
    );
    return here ?? { kind: 'pull', digest, why: 'its registry has it', doubt: null, config: await running() };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'not-found')
      return local === null
        ? toBuild(null, await running())
        : { kind: 'push', id: local.id, config: local.config };
    const words = plainWords(error);
    const asked = `cannot be looked up: ${words.message}`;
    if (local !== null)
      return { ...standing(local), warning: told(`it ${asked}; the local image stands`, words) };
    const message = told(`it ${asked}; the apply will build it, and try to push it`, words);
    return toBuild({ message, help: words.help }, await running());
  }
}

function standing({ id, config }: ImageDetails): Extract<ImageFacts, { readonly kind: 'local' }> {
  return { kind: 'local', id, config, warning: null };
}

function toBuild(
  doubt: Extract<ImageFacts, { readonly kind: 'build' }>['doubt'],
  config: ImageConfig | null,
): ImageFacts {
  return { kind: 'build', doubt, config };
}
