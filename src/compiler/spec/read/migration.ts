import type { DocumentNode } from '../../source/document.ts';
import type { MigrationSpec } from '../container-spec.ts';
import type { Reader } from './reader.ts';
import { readProgram } from './words.ts';

/** Half an hour: a migration that is killed half-way costs more than one that is waited for. */
const TIMEOUT_MS = 1_800_000;

/** Reads `migration`: a command, or `{command, timeout, reversible}`. */
export function readMigration(node: DocumentNode | undefined, reader: Reader): MigrationSpec | null {
  if (node === undefined) return null;
  if (node.kind !== 'object') {
    const command = readProgram(node, 'hidden', reader);
    return command === null ? null : { command, timeoutMs: TIMEOUT_MS, reversible: false };
  }
  const fields = reader.fields(node);
  const command = readProgram(fields.get('command')?.value, 'hidden', reader);
  const timeoutMs = reader.durationMs(fields.get('timeout')?.value) ?? TIMEOUT_MS;
  const reversible = reader.flag(fields.get('reversible')?.value) ?? false;
  return command === null ? null : { command, timeoutMs, reversible };
}
