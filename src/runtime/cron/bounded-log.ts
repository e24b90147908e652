import type { LogChunk } from '../engine.ts';

/** The most that is kept of what one run has written. */
const MOST_BYTES = 1024 * 1024;

/** The most of its end that is shown to somebody. */
const END_BYTES = 8 * 1024;

/** What is kept of an output. */
export interface BoundedLog {
  readonly text: Buffer;
  /** Its last part, from a line's begin on where it was cut. */
  readonly end: string;
}

/** Both streams of an output in the order in which they came, 1 MiB at most: what lies in the middle is left out, and that is said there. */
export async function boundedLog(
  output: AsyncIterable<LogChunk>,
  mostBytes = MOST_BYTES,
): Promise<BoundedLog> {
  const half = Math.floor(mostBytes / 2);
  const head: Uint8Array[] = [];
  const tail: Uint8Array[] = [];
  let [headBytes, tailBytes, cutBytes] = [0, 0, 0];
  for await (const { data } of output) {
    const first = data.subarray(0, half - headBytes);
    if (first.length > 0) head.push(first);
    headBytes += first.length;
    const rest = data.subarray(first.length);
    if (rest.length > 0) tail.push(rest);
    tailBytes += rest.length;
    while (tail[0] !== undefined && tailBytes - tail[0].length >= half) {
      tailBytes -= tail[0].length;
      cutBytes += tail[0].length;
      tail.shift();
    }
  }
  const last = Buffer.concat(tail);
  const over = Math.max(0, last.length - half);
  cutBytes += over;
  const kept = last.subarray(over);
  const said = cutBytes === 0 ? '' : `\n[stackc: ${cutBytes} bytes are left out here]\n`;
  const text = Buffer.concat([...head, Buffer.from(said), kept]);
  return { text, end: endOf(text) };
}

function endOf(text: Buffer): string {
  const part = text.subarray(-END_BYTES).toString('utf8');
  return text.length <= END_BYTES ? part : part.slice(part.indexOf('\n') + 1);
}
