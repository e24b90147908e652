import type { ImageDefaults, RunningFacts } from '../../compiler/import/running.ts';
import type { Engine } from '../engine.ts';
import { mapAtMost } from '../map-at-most.ts';

/** Inspections at the same time. */
const AT_ONCE = 16;

/** Asks an engine for everything that a first stack file could say of it. Changes nothing. Rejects with `EngineError`. */
export async function lookAround(engine: Engine): Promise<RunningFacts> {
  const [rows, networks, { host, logDriver }] = await Promise.all([
    engine.listContainers([]),
    engine.networkDrivers(),
    engine.facts(),
  ]);
  const found = await mapAtMost(AT_ONCE, rows, ({ id }) => engine.containerSetup(id));
  // One that has gone meanwhile does not run.
  const containers = found.flatMap((container) => container ?? []);
  const references = [...new Set(containers.flatMap(({ image, imageId }) => [image, imageId]))];
  const images = await mapAtMost(AT_ONCE, references, async (reference): Promise<readonly Entry[]> => {
    const image = await engine.imageDefaults(reference);
    return image === null ? [] : [[reference, image]];
  });
  return { containers, images: Object.fromEntries(images.flat()), networks, host, logDriver };
}

type Entry = readonly [reference: string, image: ImageDefaults];
