import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';

import { Refusal } from './refusal.ts';

/** `sun_path` holds 108 bytes with its final NUL (unix(7)); Node cuts longer paths short without a word. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Refuses a path that is not written plainly below `root` (`..`, `//`, another folder). */
export function checkBelow(root: string, path: string): void {
  if (path.startsWith(`${root}/`) && posix.normalize(path) === path && !path.includes('\0')) return;
  throw new Refusal(`\`${path}\` does not lie below ${root}/`);
}

/** Refuses what is not the plain name of a directory entry. */
export function checkName(name: string): void {
  if (name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')) return;
  throw new Refusal(`\`${name}\` is not a plain file name`);
}

/** Refuses a path that no socket can be reached by. */
export function checkSocketLength(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return;
  throw new Refusal(
    `the socket path is ${bytes} bytes long, the kernel takes ${MAX_SOCKET_PATH_BYTES}: \`${path}\``,
  );
}

/**
 * Refuses a directory that a symlink leads out of `root`: volumes belong to applications, and what they put
 * there must not make the agent write elsewhere. Rejects with ENOENT when there is no such directory.
 */
export async function checkDirectory(root: string, directory: string): Promise<void> {
  if (directory !== root) checkBelow(root, directory);
  const [realRoot, real] = await Promise.all([realpath(root), realpath(directory)]);
  if (real === realRoot || real.startsWith(`${realRoot}/`)) return;
  throw new Refusal(`\`${directory}\` leads out of ${root}/`);
}
