const BLOCK = 512;

/**
 * A ustar archive of regular files, mode 0755, in the order of their names; times are zero, so that the same files
 * give the same bytes. Throws for a path that the format cannot hold (100 bytes, or a folder of 155 and a name of 100).
 */
export function tarOf(files: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts: Uint8Array[] = [];
  for (const [path, content] of Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    parts.push(
      header(path, content.length),
      content,
      Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK),
    );
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { folder, name } = split(path);
  block.write(name, 0);
  block.write(octal(0o755, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
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
