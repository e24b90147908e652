import { resolve } from 'node:path';
import type { FileContent } from '../../compiler/desired/resolved-inputs.ts';

/** Larger than any configuration, and small enough to hold, to compare and to send to an engine far away. */
const LARGEST_BYTES = 1024 * 1024;

const WHY: ReadonlyMap<string, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['ENOTDIR', 'does not exist'],
  ['EACCES', 'may not be read by this user'],
]);

/** Reads a file that is put into containers; `name` starts at the stack file's folder. */
export async function readStackFile(folder: string, name: string): Promise<FileContent> {
  try {
    // Loaded here: few files have others beside them, and a short command would wait for it.
    const { readFile, stat } = await import('node:fs/promises');
    const path = resolve(folder, name);
    const facts = await stat(path);
    if (facts.isDirectory()) return { error: 'is a folder' };
    // To open a pipe would wait for a writer.
    if (!facts.isFile()) return { error: 'is no plain file' };
    if (facts.size > LARGEST_BYTES) return { error: 'is larger than 1 MiB' };
    return { bytes: await readFile(path) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    const why = WHY.get(code);
    return { error: why ?? `cannot be read (${code})` };
  }
}
