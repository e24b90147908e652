import type { LogChunk } from './engine.ts';

/** Cuts output into lines without their ends; what a stream leaves unfinished comes last. Invalid UTF-8 becomes U+FFFD. */
export async function* lines(chunks: AsyncIterable<LogChunk>): AsyncGenerator<string> {
  const rest = { stdout: '', stderr: '' };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, data } of chunks) {
    const parts = (rest[stream] + decoders[stream].decode(data, { stream: true })).split('\n');
    rest[stream] = parts.pop() ?? '';
    for (const part of parts) yield part.replace(/\r$/, '');
  }
  for (const last of [rest.stdout, rest.stderr]) if (last !== '') yield last;
}
