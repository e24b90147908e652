import { NonsenseAnswer } from './engine-errors.ts';

const BLOCK = 512;

/** One regular file of an archive. */
export interface TarFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly modifiedS: number;
}

/**
 * A ustar archive of regular files, mode 0755, in the order of their names; times are zero, so that the same files
 * give the same bytes. Throws for a path that the format cannot hold (100 bytes, or a folder of 155 and a name of 100).
 */
export function tarOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  return archiveOf(
    Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, content]) => ({ path, content, mode: 0o755, uid: 0, gid: 0, modifiedS: 0 })),
  );
}

/** A ustar archive of the files, in their order. Throws as {@link tarOf}. */
export function archiveOf(files: readonly TarFile[]): Buffer {
  const parts = files.flatMap((file) => {
    const { length } = file.content;
    return [header(file), file.content, Buffer.alloc((BLOCK - (length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

/** The first file of an archive as an engine makes it; null when that is none. Throws `NonsenseAnswer` for what is no archive. */
export function firstFile(archive: Buffer): TarFile | null {
  const extended = new Map<string, string>();
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const head = archive.subarray(at, at + BLOCK);
    if (head.toString('latin1', 257, 262) !== 'ustar') break;
    const size = Number(extended.get('size') ?? octalIn(head, 124, 12));
    const content = archive.subarray(at + BLOCK, at + BLOCK + size);
    if (content.length < size) break;
    const type = head.toString('latin1', 156, 157);
    if (type === 'x') for (const [key, value] of records(content)) extended.set(key, value);
    else if (type !== 'g') {
      if (type !== '0' && type !== '\0') return null;
      return {
        path: extended.get('path') ?? text(head, 0, 100),
        content,
        mode: octalIn(head, 100, 8) % 0o10000,
        uid: Number(extended.get('uid') ?? octalIn(head, 108, 8)),
        gid: Number(extended.get('gid') ?? octalIn(head, 116, 8)),
        modifiedS: Math.floor(Number(extended.get('mtime') ?? octalIn(head, 136, 12))),
      };
    }
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new NonsenseAnswer('it sent no archive');
}

/** The records of a pax header: `length key=value`, each with its line end. */
function records(content: Buffer): readonly (readonly [string, string])[] {
  return [...content.toString('utf8').matchAll(/\d+ ([^=\n]+)=([^\n]*)\n/g)].map(
    ([, key = '', value = '']) => [key, value] as const,
  );
}

function text(head: Buffer, start: number, length: number): string {
  return head.toString('utf8', start, start + length).replace(/\0.*$/s, '');
}

function octalIn(head: Buffer, start: number, length: number): number {
  return Number.parseInt(text(head, start, length).trim(), 8) || 0;
}

function header({ path, content, mode, uid, gid, modifiedS }: TarFile): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { folder, name } = split(path);
  block.write(name, 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(uid, 7), 108);
  block.write(octal(gid, 7), 116);
  block.write(octal(content.length, 11), 124);
  block.write(octal(modifiedS, 11), 136);
  block.write('        0', 148);
  block.write('ustar\u000000', 257);
  block.write(folder, 345);
  // The sum of all bytes, its own field taken as spaces.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

function split(path: string): { folder: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { folder: '', name: path };
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(folder) <= 155 && Buffer.byteLength(name) <= 100) return { folder, name };
  }
  throw new Error(`the path \`${path}\` is too long for a tar archive`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
