import type { ImageInfo, ImageInspectInfo } from 'dockerode';

import type { EngineImage } from '../../compiler/cleanup/used-images.ts';
import type { ImageConfig } from '../../compiler/desired/resolved-inputs.ts';
import type { Engine } from '../engine.ts';
import { buildImage } from './build.ts';
import { defaultsOf } from './container-setup.ts';
import type { EngineLimits } from './engine-limits.ts';
import { listOf } from './container-answers.ts';
import { NonsenseAnswer } from './engine-errors.ts';
import { askDigest, pullImage, pushImage } from './registry.ts';
import { unlessStatus } from './tolerance.ts';
import type { Transport } from './transport.ts';

type ImageCalls = Pick<
  Engine,
  | 'inspectImage'
  | 'imageDefaults'
  | 'listImages'
  | 'removeImage'
  | 'registryDigest'
  | 'pullImage'
  | 'pushImage'
  | 'buildImage'
>;

/** The calls about images. */
export function imageCalls(transport: Transport, limits: EngineLimits): ImageCalls {
  return {
    inspectImage: (reference) =>
      transport
        .ask(`inspect image ${reference}`, limits.readMs, async (docker) => {
          const image = await docker.getImage(reference).inspect();
          if (typeof image?.Id !== 'string') throw new NonsenseAnswer('it told no image id');
          return { id: image.Id, repoDigests: image.RepoDigests ?? [], config: configOf(image) };
        })
        .catch(unlessStatus([404], null)),
    imageDefaults: (reference) =>
      transport
        .ask(`inspect image ${reference}`, limits.readMs, async (docker) => {
          const image = await docker.getImage(reference).inspect();
          if (typeof image?.Id !== 'string') throw new NonsenseAnswer('it told no image id');
          return defaultsOf(image);
        })
        .catch(unlessStatus([404], null)),
    listImages: () =>
      transport.ask('list images', limits.readMs, async (docker) =>
        listOf(await docker.listImages()).map(imageOf),
      ),
    removeImage: (reference) =>
      transport
        .ask<void>(`remove image ${reference}`, limits.changeMs, async (docker) => {
          await docker.getImage(reference).remove({ force: false });
        })
        .catch(unlessStatus([404], undefined)),
    registryDigest: (reference, auth, timeoutMs) => askDigest(transport, reference, auth, timeoutMs),
    pullImage: (reference, platform, auth, onProgress) =>
      pullImage(transport, limits.pullSilenceMs, { reference, platform, auth, onProgress }),
    pushImage: (reference, auth, onProgress) =>
      pushImage(transport, limits.pullSilenceMs, { reference, auth, onProgress }),
    buildImage: (request, onOutput) => buildImage(transport, request, onOutput),
  };
}

/** Older engines write `<none>` where there is no name. */
function imageOf({ Id, RepoTags, RepoDigests, Size }: ImageInfo): EngineImage {
  const named = (names: readonly string[] | null | undefined) =>
    (names ?? []).filter((name) => !name.startsWith('<none>')).sort();
  return { id: Id, tags: named(RepoTags), digests: named(RepoDigests), bytes: Size };
}

function configOf(image: ImageInspectInfo): ImageConfig {
  // Absent in images without any, and left out whole by newer engines where they are empty.
  const config: Partial<ImageInspectInfo['Config']> = image.Config ?? {};
  const stopSignal: unknown = Reflect.get(config, 'StopSignal');
  const test = config.Healthcheck?.Test ?? [];
  return {
    entrypoint: words(config.Entrypoint),
    command: config.Cmd ?? [],
    env: config.Env ?? [],
    stopSignal: typeof stopSignal === 'string' && stopSignal !== '' ? stopSignal : null,
    healthcheck: test.length > 0 && test[0] !== 'NONE',
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).sort(),
  };
}

function words(value: string | string[] | null | undefined): readonly string[] {
  if (value === null || value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
