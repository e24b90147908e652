import { expect, it } from 'vitest';

import { play } from '../contract-programs.ts';
import type { ContractScene } from './scene.ts';

const OWNED = { mode: 0o640, uid: 1234, gid: 4321 };

/** What is put into containers and read back. */
export function files(scene: ContractScene): void {
  it('puts files where nothing was, before the start and while it runs, with their rights and their time', async () => {
    const { id } = await scene.create(play('run'));
    const content = Buffer.from([0, 255, ...Buffer.from('one\n')]);
    const file = { path: '/new/folder/file', content, ...OWNED };
    await scene.engine.putFiles(id, [file], 1_700_000_000);
    await scene.engine.startContainer(id);
    expect(await scene.engine.fetchFile(id, '/new/folder/file')).toMatchObject({
      kind: 'file',
      modifiedS: 1_700_000_000,
      ...OWNED,
    });
    await scene.engine.putFiles(id, [{ ...file, content: Buffer.from('two') }], 1_700_000_001);
    const found = await scene.engine.fetchFile(id, '/new/folder/file');
    expect(found?.kind === 'file' ? Buffer.from(found.content).toString() : null).toBe('two');
  });

  it('reads bytes as they are', async () => {
    const { id } = await scene.create(play('run'));
    const content = Buffer.from([0, 255, 10, 13, 128]);
    await scene.engine.putFiles(id, [{ path: '/bytes', content, ...OWNED }], 1);
    const found = await scene.engine.fetchFile(id, '/bytes');
    expect(found?.kind === 'file' ? Buffer.from(found.content) : null).toEqual(content);
  });

  it('finds nothing where nothing is', async () => {
    const { id } = await scene.create(play('run'));
    expect(await scene.engine.fetchFile(id, '/not/there')).toBeNull();
  });
}
