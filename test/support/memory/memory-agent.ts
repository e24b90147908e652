import { PassThrough, Readable } from 'node:stream';

import type { AgentAnswer, AgentRequest } from '../../../src/agent/protocol.ts';
import { serveSession } from '../../../src/agent/session.ts';
import type { ExecHandler } from './behaviour.ts';

/** The journals of stacks, by volume. */
export type Journals = Map<string, string>;

/** The agent in memory: everybody is ready, and what is written in its journal stays there. */
export function memoryAgent(journals: Journals, volume: string): ExecHandler {
  return async (_request, play) => {
    const output = new PassThrough();
    output.on('data', (data: Buffer) => play.stdout(data.toString('utf8')));
    await serveSession(Readable.from(play.input), output, async (request) => ({
      id: request.id,
      ok: true,
      result: resultOf(request, journals, volume),
    }));
    return 0;
  };
}

function resultOf(
  request: AgentRequest,
  journals: Journals,
  volume: string,
): Extract<AgentAnswer, { readonly ok: true }>['result'] {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- whatever else is asked is done
  switch (request.op) {
    case 'probe':
      return { ok: true, status: 200, ms: 1 };
    case 'drain':
    case 'drain-ports':
      return { kind: 'drained', ms: 1, most: 0 };
    case 'journal':
      journals.set(volume, `${journals.get(volume) ?? ''}${request.lines.join('\n')}\n`);
      return null;
    default:
      return null;
  }
}
