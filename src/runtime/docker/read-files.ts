import { EngineError, type FileEntry } from '../engine.ts';
import { bytesOf } from './bytes.ts';
import { toEngineError } from './engine-errors.ts';
import { unlessStatus } from './tolerance.ts';
import type { Transport } from './transport.ts';

/** More than any configuration that people write. */
const MOST_BYTES = 1024 * 1024;

/** GET /containers/{id}/archive, which answers with a tar. */
export async function readFiles(
  transport: Transport,
  { id, path, limitMs }: { readonly id: string; readonly path: string; readonly limitMs: number },
): Promise<readonly FileEntry[] | null> {
  const operation = `read ${path} in ${id}`;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  try {
    const answer = await transport
      .open(
        operation,
        (docker) => docker.getContainer(encodeURIComponent(id)).getArchive({ path }),
        late.signal,
      )
      .catch(unlessStatus([404], null));
    if (answer === null) return null;
    late.signal.addEventListener('abort', () => answer.destroy(), { once: true });
    try {
      return await unpack(bytesOf(answer), path, operation);
    } finally {
      answer.destroy();
    }
  } catch (error) {
    if (late.signal.aborted) throw new EngineError('timeout', operation, `no answer within ${limitMs} ms`);
    throw error instanceof EngineError ? error : toEngineError(error, operation, transport.endpoint);
  } finally {
    clearTimeout(timer);
  }
}

/** Every entry is named from the last part of the path that was asked for. */
async function unpack(
  bytes: AsyncIterable<Buffer>,
  path: string,
  operation: string,
): Promise<readonly FileEntry[]> {
  // Loaded only where a plan has something to judge.
  const { extract } = await import('tar-stream');
  const tar = extract();
  const entries: FileEntry[] = [];
  const folder = path.slice(0, path.replace(/\/+$/, '').lastIndexOf('/') + 1);
  const read = new Promise<void>((resolve, reject) => {
    tar.on('entry', ({ name, type, linkname }, content, next) => {
      const chunks: Buffer[] = [];
      content.on('data', (chunk: Buffer) => chunks.push(chunk));
      content.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (type === 'file') entries.push({ kind: 'file', path: folder + name, text });
        if (type === 'symlink')
          entries.push({ kind: 'symlink', path: folder + name, target: linkname ?? '' });
        next();
      });
    });
    tar.on('finish', () => resolve());
    tar.on('error', reject);
  });
  read.catch(() => undefined);
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MOST_BYTES)
      throw new EngineError('invalid', operation, 'there is more than a configuration would take (1 MiB)');
    tar.write(chunk);
  }
  tar.end();
  await read;
  return entries;
}
