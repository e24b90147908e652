import type { IncomingMessage } from 'node:http';

/** The body of an answer; its iterator's own type is `any`. */
export function bytesOf(answer: IncomingMessage): AsyncIterable<Buffer> {
  return answer;
}
