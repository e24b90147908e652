import type { ContainerConfig, PlacedFile } from '../../compiler/plan/container-config.ts';
import type { Clock } from '../clock.ts';
import type { Engine, OwnedFile } from '../engine.ts';
import { demandOwner, readOwners } from './owners.ts';
import { stampFile } from './stamp.ts';

/** Creates a container and puts its files into it. One that lacks them would pass for whole by its label, so it goes. */
export async function createContainer(
  engine: Pick<Engine, 'createContainer' | 'removeContainer' | 'fetchFile' | 'putFiles'>,
  config: ContainerConfig,
  clock: Clock,
): Promise<string> {
  const id = await engine.createContainer(config);
  if (config.files.length === 0) return id;
  try {
    const files = await ownedFiles(engine, id, config.files);
    await engine.putFiles(id, [...files, stampFile(null)], seconds(clock));
  } catch (error) {
    // What failed first is what counts; a container that is left over is seen by the next plan.
    await engine.removeContainer(id).catch(() => {});
    throw error;
  }
  return id;
}

/** Files with the numbers of their owners. */
export async function ownedFiles(
  engine: Pick<Engine, 'fetchFile'>,
  id: string,
  files: readonly PlacedFile[],
): Promise<readonly OwnedFile[]> {
  const owners = await readOwners(
    engine,
    id,
    files.map(({ user }) => user),
  );
  return files.map(({ path, content, mode, user }) => ({
    path,
    content,
    mode: Number.parseInt(mode, 8),
    ...demandOwner(owners, user, path),
  }));
}

/** Now, in whole seconds since the epoch: what an archive holds. */
export function seconds(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
