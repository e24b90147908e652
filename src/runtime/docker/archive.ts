import { EngineError, type Engine } from '../engine.ts';
import { bytesOf } from './bytes.ts';
import type { EngineLimits } from './engine-limits.ts';
import { DeadlinePassed, toEngineError } from './engine-errors.ts';
import { archiveOf, firstFile } from './tar.ts';
import { unlessStatus } from './tolerance.ts';
import type { Transport } from './transport.ts';

/** More than is ever put there, and than the journal of five large applies. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/** An engine lists a container before it has made its files, and after it has begun to remove them: so it is asked again for so long. */
const MAKING_MS = 2_000;

/** The calls about what lies in a container: GET and PUT /containers/{id}/archive. */
export function archiveCalls(
  transport: Transport,
  { readMs, changeMs }: EngineLimits,
): Pick<Engine, 'fetchFile' | 'putFiles'> {
  return {
    async fetchFile(id, path) {
      const operation = `read ${path} in ${id}`;
      const signal = AbortSignal.timeout(readMs);
      const chunks: Buffer[] = [];
      let length = 0;
      const open = () =>
        transport
          .open(
            operation,
            (docker) => docker.getContainer(encodeURIComponent(id)).getArchive({ path }),
            signal,
          )
          .catch(unlessStatus([404], null));
      try {
        const answer = await onceMade(open);
        if (answer === null) return null;
        for await (const bytes of bytesOf(answer)) {
          chunks.push(bytes);
          length += bytes.length;
          // A folder with all that is in it, or a log: nothing that was put there.
          if (length > LARGEST_BYTES) return { kind: 'other' };
        }
        const file = firstFile(Buffer.concat(chunks));
        return file === null ? { kind: 'other' } : { kind: 'file', ...file };
      } catch (error) {
        const cause = signal.aborted ? new DeadlinePassed(readMs) : error;
        throw toEngineError(cause, operation, transport.endpoint);
      }
    },

    putFiles: (id, files, atS) =>
      transport.ask<void>(`put files into ${id}`, changeMs, async (docker) => {
        const archive = archiveOf(
          files.map((file) => ({ ...file, path: file.path.slice(1), modifiedS: atS })),
        );
        await docker.getContainer(encodeURIComponent(id)).putArchive(archive, { path: '/' });
      }),
  };
}

/** Asks again for what is just being made or removed; the engine tells that only in words, under 500. */
async function onceMade<T>(open: () => Promise<T>): Promise<T> {
  const end = performance.now() + MAKING_MS;
  for (;;) {
    try {
      return await open();
    } catch (error) {
      const isMaking =
        error instanceof EngineError && /RWLayer of container .* is unexpectedly nil/.test(error.message);
      if (!isMaking || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
