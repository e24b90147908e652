import { renameSync, writeFileSync } from 'node:fs';

/** Writes a value as JSON, whole or not at all, for whoever reads it later; a crash may lose it. Throws what `node:fs` does. */
export function writeBeside(path: string, value: object): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
