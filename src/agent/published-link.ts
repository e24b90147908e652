import { randomUUID } from 'node:crypto';
import { lstat, open, readlink, rename, symlink, unlink } from 'node:fs/promises';

import { Refusal } from './refusal.ts';
import { codeOf } from './system-error.ts';

/** What the name of a temporary link begins with. One that stays is a dead agent's. */
export const TEMPORARY = '.stackc-publishing-';

/**
 * Makes `directory/link` a relative symlink to `to`:
 *
 *   symlink to → temporary · rename temporary → link · fsync directory
 *
 * The rename is what makes it atomic: each connect finds the old target or the new one, never nothing. Replaces a
 * symlink or a plain socket; refuses anything else that has the name. One that leads there already stays, so that a full
 * disk is in nobody's way back. Arguments are taken as checked.
 */
export async function publish(directory: string, link: string, to: string): Promise<void> {
  if (link === to) throw new Refusal(`\`${link}\` cannot be published as itself`);
  const path = `${directory}/${link}`;
  const kind = await kindOf(path);
  if (kind !== null && kind !== 'socket' && kind !== 'symlink') {
    throw new Refusal(`\`${path}\` is a ${kind}: nothing is published over it`);
  }
  if (kind === 'symlink' && (await readlink(path)) === to) return;
  const temporary = `${directory}/${TEMPORARY}${randomUUID()}`;
  await symlink(to, temporary);
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncDirectory(directory);
}

/** Removes `directory/name`; succeeds when there is none. Refuses what is neither a socket nor a symlink. */
export async function removeSocket(directory: string, name: string): Promise<void> {
  const path = `${directory}/${name}`;
  const kind = await kindOf(path);
  if (kind === null) return;
  if (kind !== 'socket' && kind !== 'symlink') throw new Refusal(`\`${path}\` is a ${kind}: it stays`);
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** What has a name in a directory. */
type Kind = 'socket' | 'symlink' | 'directory' | 'file' | 'device or pipe';

/** Null when nothing has the name; nothing is followed. */
export async function kindOf(path: string): Promise<Kind | null> {
  try {
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return 'symlink';
    if (stats.isSocket()) return 'socket';
    if (stats.isDirectory()) return 'directory';
    return stats.isFile() ? 'file' : 'device or pipe';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Makes names in a directory outlive a crash, where the file system can. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems (shared folders of a virtual machine) know no fsync of a directory.
    if (codeOf(error) !== 'EINVAL' && codeOf(error) !== 'ENOTSUP') throw error;
  } finally {
    await handle.close();
  }
}
