import { isRecord, parseJson } from '../parse-spec.ts';
import type { FoundFile, OwnedFile } from '../engine.ts';

/**
 * Lies in each container that has `files`, changed in the same second as all of them: one that was changed in another
 * was changed by hand. It is empty, but while a reload is under way: then it holds what was there before, so that
 * whoever comes after an apply that was cut off knows that the program has not read its files again, and has the way back.
 */
export const STAMP = '/.stackc-files';

/** The stamp's file. `before` null: no reload is under way. */
export function stampFile(before: readonly OwnedFile[] | null): OwnedFile {
  const text =
    before === null
      ? ''
      : JSON.stringify(
          before.map((file) => ({ ...file, content: Buffer.from(file.content).toString('base64') })),
        );
  return { path: STAMP, content: Buffer.from(text), mode: 0o600, uid: 0, gid: 0 };
}

/** What a stamp tells; `before` null: no reload is under way. */
export function readStamp(found: FoundFile | null): {
  readonly atS: number | null;
  readonly before: readonly OwnedFile[] | null;
} {
  if (found?.kind !== 'file') return { atS: null, before: null };
  const value = parseJson(Buffer.from(found.content).toString('utf8'));
  return { atS: found.modifiedS, before: Array.isArray(value) ? value.flatMap(ownedFile) : null };
}

function ownedFile(value: unknown): readonly OwnedFile[] {
  if (!isRecord(value)) return [];
  const { path, content, mode, uid, gid } = value;
  const isOwned =
    typeof path === 'string' &&
    typeof content === 'string' &&
    typeof mode === 'number' &&
    typeof uid === 'number' &&
    typeof gid === 'number';
  return isOwned ? [{ path, content: Buffer.from(content, 'base64'), mode, uid, gid }] : [];
}
