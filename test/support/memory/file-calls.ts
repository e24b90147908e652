import type { Engine } from '../../../src/runtime/engine.ts';
import type { World } from './world.ts';

/** What lies in containers, on a {@link World}: only what was put there. */
export function fileCalls(world: World): Pick<Engine, 'fetchFile' | 'putFiles'> {
  return {
    async fetchFile(id, path) {
      await world.record('fetchFile', id, path);
      return world.find(id)?.files.get(path) ?? null;
    },
    async putFiles(id, files, atS) {
      await world.record('putFiles', id, files.map(({ path }) => path).join(' '));
      const container = world.need(id, `put files into ${id}`);
      for (const file of files) container.files.set(file.path, { kind: 'file', ...file, modifiedS: atS });
    },
  };
}
