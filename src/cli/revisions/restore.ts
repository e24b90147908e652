import { repositoryOf } from '../../compiler/cleanup/used-images.ts';
import { requirements } from '../../compiler/desired/requirements.ts';
import type { ImageFacts, ImageRequirement, ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import type { RevisionContent, StoredImage } from '../../compiler/revision/stored-revision.ts';
import { SourceFile } from '../../compiler/source/source-file.ts';
import { digestOf } from '../../compiler/spec/values/image-reference.ts';
import type { Engine, ImageDetails } from '../../runtime/engine.ts';
import { dataMounts } from '../../runtime/inputs/data-mounts.ts';
import { heldContainers } from '../held.ts';
import type { GivenInputs } from '../plan-stack.ts';
import { filesBytes } from './store.ts';
import { compileSource, type LoadedSpec } from '../stack-file.ts';

/** A revision's stack file, compiled. What is to be warned of was told when it was applied. */
export async function loadRevision(
  { stack, source: text }: RevisionContent,
  revision: number,
  folder: string,
): Promise<LoadedSpec> {
  const source = new SourceFile(`revision ${revision}`, text, 'json');
  const spec = await compileSource(source, stack);
  return { source, spec, warnings: [], folder, fromStdin: false };
}

/**
 * What came from outside the file then; where volumes live, and which images are there, is asked now. Nobody asks for those of
 * containers that are held, unless they are `named`.
 */
export function revisionInputs(
  content: RevisionContent,
  { spec }: LoadedSpec,
  { revision, named }: { readonly revision: number; readonly named: readonly string[] },
): GivenInputs['inputs'] {
  return async (engine, observing) => {
    const known = {
      env: content.env,
      secrets: Object.fromEntries(
        Object.entries(content.secrets).map(([name, value]) => [name, { value }] as const),
      ),
      host: content.host,
      files: filesBytes(content.files),
      builds: content.builds ?? {},
    };
    const { dataVolumes, images: needed } = requirements(spec, known);
    const observed = await observing;
    const held = heldContainers(spec, observed, named);
    const asked = needed.flatMap(({ reference, containers, build }) => {
      const image = Object.hasOwn(content.images, reference) ? content.images[reference] : undefined;
      return image === undefined || containers.every((key) => held.has(key))
        ? []
        : [[reference, image, build] as const];
    });
    const [images, mounts] = await Promise.all([
      Promise.all(
        asked.map(
          async ([reference, image, build]) =>
            [reference, await factsOf(engine, reference, image, { revision, build })] as const,
        ),
      ),
      dataMounts(dataVolumes, observed, engine),
    ]);
    return { ...known, images: Object.fromEntries(images), dataMounts: mounts } satisfies ResolvedInputs;
  };
}

async function factsOf(
  engine: Pick<Engine, 'inspectImage'>,
  reference: string,
  { id, digests, config }: StoredImage,
  { revision, build }: { readonly revision: number; readonly build: ImageRequirement['build'] },
): Promise<ImageFacts> {
  const isOpen = id === null && digests.length === 0;
  const found = await firstOf(engine, isOpen ? [reference] : [...(id === null ? [] : [id]), ...digests]);
  const isPushed =
    found?.repoDigests.some((known) => repositoryOf(known) === repositoryOf(reference)) ?? false;
  // Nothing was made from it before it was pushed: an apply that was cut off in between.
  if (found !== null && !isPushed && build !== undefined && build.registry !== null)
    return { kind: 'push', id: found.id, config: found.config };
  if (found !== null) return { kind: 'local', id: found.id, config: found.config, warning: null };
  // The folder may be another by now: the build itself looks.
  if (isOpen && build !== undefined) return { kind: 'build', doubt: null, config };
  if (isOpen) return { kind: 'pull', digest: null, why: 'not on the engine', doubt: null, config };
  const [by] = digests;
  if (by === undefined) {
    const error = `it is gone from the engine since revision ${revision}, and no registry knows it`;
    return { kind: 'missing', error };
  }
  const why = id === null ? 'not on the engine' : `gone from the engine since revision ${revision}`;
  return { kind: 'pull', digest: digestOf(by), by, why, doubt: null, config };
}

/** The first of these that the engine has; mostly the first of all. */
async function firstOf(
  engine: Pick<Engine, 'inspectImage'>,
  [name, ...more]: readonly string[],
): Promise<ImageDetails | null> {
  if (name === undefined) return null;
  return (await engine.inspectImage(name)) ?? firstOf(engine, more);
}
