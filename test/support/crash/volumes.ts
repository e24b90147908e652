import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Files of all kinds that nobody has any business with. */
export function fillKept(folder: string): void {
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  writeFileSync(join(folder, 'random'), randomBytes(1 << 16));
  writeFileSync(join(folder, 'deep/er/.hidden'), randomBytes(100), { mode: 0o400 });
  writeFileSync(join(folder, 'empty'), '');
  symlinkSync('deep/er', join(folder, 'link'));
}

/** Every name below a folder, with what it is and holds. */
export function digestOf(folder: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  for (const name of names) {
    const path = join(folder, name);
    const { mode, uid, gid, size } = lstatSync(path);
    hash.update(`${name} ${mode} ${uid} ${gid} ${size}\n`);
    if (lstatSync(path).isSymbolicLink()) hash.update(readlinkSync(path));
    else if (lstatSync(path).isFile()) hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** What is written in a file; nothing where there is none. */
export function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

/** The entries of a folder, each with what it is: `app0.sock -> .shop-app0.2`. */
export function entriesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const entry = lstatSync(join(folder, name));
      if (entry.isSymbolicLink()) return `${name} -> ${readlinkSync(join(folder, name))}`;
      return entry.isSocket() ? `${name} (socket)` : name;
    });
}
