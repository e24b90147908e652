import type { FilePlace } from '../../compiler/desired/instance-spec.ts';
import type { ObservedFile, ObservedFiles } from '../../compiler/observed/observed-state.ts';
import type { Engine } from '../engine.ts';
import { readOwners } from './owners.ts';
import { readStamp, STAMP } from './stamp.ts';

/** Reads back what was put into a container: its label knows where it lies. Without `files` nothing is asked. */
export async function observeFiles(
  engine: Pick<Engine, 'fetchFile'>,
  id: string,
  places: readonly FilePlace[],
): Promise<ObservedFiles> {
  if (places.length === 0) return { found: [], reloading: false };
  const [stamp, owners, ...read] = await Promise.all([
    engine.fetchFile(id, STAMP).then(readStamp),
    readOwners(
      engine,
      id,
      places.map(({ user }) => user),
    ),
    ...places.map(({ path }) => engine.fetchFile(id, path)),
  ]);
  const found = places.map(({ path, user }, i): ObservedFile => {
    const file = read[i] ?? null;
    if (file?.kind !== 'file') return { path, content: null, mode: '', owner: '', byHand: true };
    const wanted = owners.of(user);
    const isTheirs = wanted !== null && wanted.uid === file.uid && wanted.gid === file.gid;
    return {
      path,
      content: file.content,
      mode: file.mode.toString(8).padStart(4, '0'),
      owner: isTheirs ? user : `${file.uid}:${file.gid}`,
      byHand: file.modifiedS !== stamp.atS,
    };
  });
  return { found, reloading: stamp.before !== null };
}
