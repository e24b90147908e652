import type { PlacedFile } from '../plan/container-config.ts';
import { SOCKET_HOLE, type DesiredFile, type DesiredInstance } from './desired-state.ts';

/** An instance's files with their bytes; `socketPath` is what its generation serves on. */
export function placedFiles({ files }: DesiredInstance, socketPath: string): readonly PlacedFile[] {
  return files.map((file) => {
    const { path, mode, user } = file;
    return { path, mode, user, content: fileBytes(file, socketPath) };
  });
}

/** What a file holds in one generation. */
export function fileBytes({ content }: DesiredFile, socketPath: string): Uint8Array {
  return typeof content === 'string'
    ? new TextEncoder().encode(content.replaceAll(SOCKET_HOLE, socketPath))
    : content;
}
