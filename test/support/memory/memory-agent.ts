import { PassThrough, Readable } from 'node:stream';

import { readRecords } from '../../../src/compiler/journal/lines.ts';
import { revisionsOf } from '../../../src/compiler/journal/revisions.ts';
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
  if (request.op === 'probe') return { ok: true, status: 200, ms: 1 };
  if (request.op === 'drain' || request.op === 'drain-ports') return { kind: 'drained', ms: 1, most: 0 };
  if (request.op === 'revision')
    return revisionsOf(readRecords(journals.get(volume) ?? '')).at(-1)?.revision ?? 0;
  if (request.op === 'journal')
    journals.set(volume, `${journals.get(volume) ?? ''}${request.lines.join('\n')}\n`);
  return null;
}
