import {
  decodeStoredRevision,
  encodeStoredRevision,
  type NoStoredRevision,
  type StoredRevision,
} from '../../compiler/revision/stored-revision.ts';
import { REVISION_FILE, revisionConfig } from '../../compiler/plan/kept-config.ts';
import { EngineError, type Engine } from '../engine.ts';

/** What a revision was made from, out of the container that holds it. Rejects with `EngineError`. */
export async function readRevision(
  engine: Pick<Engine, 'fetchFile'>,
  container: string,
): Promise<StoredRevision | NoStoredRevision> {
  const found = await engine.fetchFile(container, REVISION_FILE);
  if (found?.kind !== 'file') return { reason: 'it is damaged: its container is empty' };
  return decodeStoredRevision(new TextDecoder().decode(found.content));
}

/** Puts what a revision is made from into its container, over what is there. */
export async function writeRevision(
  engine: Pick<Engine, 'putFiles'>,
  container: string,
  stored: StoredRevision,
  atMs: number,
): Promise<void> {
  const content = new TextEncoder().encode(encodeStoredRevision(stored));
  const file = { path: REVISION_FILE, content, mode: 0o600, uid: 0, gid: 0 };
  await engine.putFiles(container, [file], Math.floor(atMs / 1000));
}

/** Makes the container of a revision, in the place of one of that name. Resolves to its id. */
export async function createRevision(
  engine: Pick<Engine, 'createContainer' | 'findContainer' | 'removeContainer'>,
  stack: string,
  revision: number,
  image: string,
): Promise<string> {
  const config = revisionConfig(stack, revision, image);
  try {
    return await engine.createContainer(config);
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error;
    const found = await engine.findContainer(config.name);
    if (found !== null) await engine.removeContainer(found.id);
    return engine.createContainer(config);
  }
}
