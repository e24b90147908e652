import { labels } from '../../../src/compiler/labels.ts';
import { journalVolume } from '../../../src/compiler/names.ts';
import { JOURNAL_FILE } from '../../../src/compiler/plan/agent-spec.ts';
import type { Engine, FoundFile } from '../../../src/runtime/engine.ts';
import type { World } from './world.ts';

/** What lies in containers, on a {@link World}: only what was put there. */
export function fileCalls(world: World): Pick<Engine, 'fetchFile' | 'putFiles'> {
  return {
    async fetchFile(id, path) {
      await world.record('fetchFile', id, path);
      const container = world.find(id);
      if (container !== null && path === JOURNAL_FILE) return journalOf(world, container.details().labels);
      return container?.files.get(path) ?? null;
    },
    async putFiles(id, files, atS) {
      await world.record('putFiles', id, files.map(({ path }) => path).join(' '));
      const container = world.need(id, `put files into ${id}`);
      for (const file of files) container.files.set(file.path, { kind: 'file', ...file, modifiedS: atS });
    },
  };
}

function journalOf({ agents }: World, own: Readonly<Record<string, string>>): FoundFile | null {
  const text = agents.journals.get(journalVolume(own[labels.stack] ?? ''));
  if (text === undefined) return null;
  return { kind: 'file', content: Buffer.from(text), mode: 0o600, uid: 0, gid: 0, modifiedS: 0 };
}
