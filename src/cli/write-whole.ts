import { renameSync, rmSync, writeFileSync } from 'node:fs';

/** Writes a file whole or not at all: what was there before stays when it throws, as `node:fs` does. */
export function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(beside, text, { flush: true });
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
