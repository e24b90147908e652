import type { Readable, Writable } from 'node:stream';

import { lineSplitter } from './line-splitter.ts';
import { parseRequest } from './parse-request.ts';
import {
  MAX_LINE_BYTES,
  PROTOCOL_VERSION,
  type AgentAnswer,
  type AgentRequest,
  type Hello,
} from './protocol.ts';

/**
 * Says hello, then has `answer` answer the requests of `input` as they are done, not in their order. Resolves when the input
 * has ended and all that was under way is answered: a publish is never left half done by a lost peer.
 */
export async function serveSession(
  input: Readable,
  output: Writable,
  answer: (request: AgentRequest) => Promise<AgentAnswer>,
): Promise<void> {
  const say = (message: Hello | AgentAnswer): void => {
    output.write(`${JSON.stringify(message)}\n`);
  };
  const reply = async (request: AgentRequest): Promise<void> => say(await answer(request));
  const underWay = new Set<Promise<void>>();
  const take = (line: string | null): void => {
    if (line === null) {
      say({ id: null, ok: false, error: `the line is longer than ${MAX_LINE_BYTES} bytes` });
      return;
    }
    const request = parseRequest(line);
    if ('error' in request) {
      say({ ...request, ok: false });
      return;
    }
    const work = reply(request);
    underWay.add(work);
    void work.then(() => underWay.delete(work));
  };

  say({ hello: 'stackc-agent', protocol: PROTOCOL_VERSION });
  const split = lineSplitter(MAX_LINE_BYTES);
  // A stream without an encoding gives bytes. A socket whose input has ended still takes answers.
  const chunks: AsyncIterable<Uint8Array> = input.iterator({ destroyOnReturn: false });
  for await (const chunk of chunks) {
    for (const line of split(chunk)) take(line);
  }
  await Promise.all(underWay);
}
