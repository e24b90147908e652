import { link, rename } from 'node:fs/promises';

import { kindOf, removeSocket, syncDirectory } from './published-link.ts';
import { Refusal } from './refusal.ts';
import { isServed } from './served.ts';

/**
 * Gives the plain socket `directory/name` a second name: its server can be reached when the first is published over. Does
 * nothing where `name` is no socket.
 */
export async function keepSocket(directory: string, name: string, as: string): Promise<void> {
  if (name === as) throw new Refusal(`\`${name}\` cannot be kept as itself`);
  if ((await kindOf(`${directory}/${name}`)) !== 'socket') return;
  await removeSocket(directory, as);
  await link(`${directory}/${name}`, `${directory}/${as}`);
  await syncDirectory(directory);
}

/**
 * Makes `directory/name` again what it was before something was published over it: the socket that was kept as `from`,
 * atomically, if somebody still listens on it. Where none is kept a link there leads to nobody who counts, and goes; a plain socket stays.
 */
export async function restoreSocket(directory: string, name: string, from: string): Promise<void> {
  if (name === from) throw new Refusal(`\`${name}\` cannot be put back as itself`);
  const path = `${directory}/${name}`;
  const kind = await kindOf(path);
  const isKept = (await kindOf(`${directory}/${from}`)) === 'socket';
  if (!isKept || !(await isServed(`${directory}/${from}`))) {
    if (isKept) await removeSocket(directory, from);
    if (kind === 'symlink') await removeSocket(directory, name);
    return;
  }
  if (kind !== null && kind !== 'socket' && kind !== 'symlink') {
    throw new Refusal(`\`${path}\` is a ${kind}: nothing is put back over it`);
  }
  await rename(`${directory}/${from}`, path);
  // Two names of one socket stay two: rename(2) does nothing then.
  await removeSocket(directory, from);
  await syncDirectory(directory);
}
