import { labels } from '../../compiler/labels.ts';
import { REVISION_FILE, revisionConfig, WHOLE_FILE } from '../../compiler/plan/kept-config.ts';
import {
  decodeStoredRevision,
  encodeStoredRevision,
  type NoStoredRevision,
  type StoredRevision,
} from '../../compiler/revision/stored-revision.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { seconds } from '../files/place-files.ts';

/** What is read back is below 32 MiB. */
const MOST_BYTES = 24 * 1024 * 1024;

/** What a revision was made from, out of the container that holds it. Rejects with `EngineError`. */
export async function readRevision(
  engine: Pick<Engine, 'fetchFile'>,
  container: string,
): Promise<StoredRevision | NoStoredRevision> {
  const whole = await readFile(engine, container, WHOLE_FILE);
  return 'content' in whole ? whole : readFile(engine, container, REVISION_FILE);
}

async function readFile(
  engine: Pick<Engine, 'fetchFile'>,
  container: string,
  path: string,
): Promise<StoredRevision | NoStoredRevision> {
  const found = await engine.fetchFile(container, path);
  if (found?.kind !== 'file') return { reason: 'it is damaged: its container is empty', isDamaged: true };
  return decodeStoredRevision(new TextDecoder().decode(found.content));
}

/** Puts what a revision is made from into its container. Rejects with `EngineError`, `invalid` for more than 24 MiB. */
export async function writeRevision(
  engine: Pick<Engine, 'putFiles'>,
  to: { readonly container: string; readonly path: string; readonly clock: Clock },
  stored: StoredRevision,
): Promise<void> {
  const content = new TextEncoder().encode(encodeStoredRevision(stored));
  if (content.length > MOST_BYTES)
    throw new EngineError('invalid', 'keep the revision', 'with its files it is larger than 24 MiB');
  const file = { path: to.path, content, mode: 0o600, uid: 0, gid: 0 };
  await engine.putFiles(to.container, [file], seconds(to.clock));
}

/** Makes the container of a revision, in the place of an older one of that number. Resolves to its id. */
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
    const isOurs = found?.labels[labels.role] === 'revision' && found.labels[labels.stack] === stack;
    if (!isOurs) throw error;
    await engine.removeContainer(found.id, { volumes: true });
    return engine.createContainer(config);
  }
}
