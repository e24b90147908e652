import { PassThrough, Readable } from 'node:stream';

import { Lease } from '../../../src/agent/lease.ts';
import type { AgentAnswer, AgentRequest } from '../../../src/agent/protocol.ts';
import { serveSession } from '../../../src/agent/session.ts';
import { readRecords } from '../../../src/compiler/journal/lines.ts';
import { revisionsOf } from '../../../src/compiler/journal/revisions.ts';
import type { ExecHandler } from './behaviour.ts';

/** What the agents of an engine keep: the journals of stacks, by volume, and the leases. */
export class AgentMemory {
  readonly journals = new Map<string, string>();
  readonly #leases = new Map<string, Lease>();

  lease(volume: string): Lease {
    const lease = this.#leases.get(volume) ?? new Lease();
    this.#leases.set(volume, lease);
    return lease;
  }
}

/** The agent in memory: everybody is ready, and what is written in its journal stays there. */
export function memoryAgentExec(memory: AgentMemory, volume: string): ExecHandler {
  return async (_request, play) => {
    const output = new PassThrough();
    output.on('data', (data: Buffer) => play.stdout(data.toString('utf8')));
    await serveSession(Readable.from(play.input), output, async (request) => ({
      id: request.id,
      ok: true,
      result: resultOf(request, memory, { volume, peer: output }),
    }));
    memory.lease(volume).leave(output);
    return 0;
  };
}

function resultOf(
  request: AgentRequest,
  memory: AgentMemory,
  { volume, peer }: { readonly volume: string; readonly peer: object },
): Extract<AgentAnswer, { readonly ok: true }>['result'] {
  const { journals } = memory;
  const text = journals.get(volume) ?? '';
  const lease = memory.lease(volume);
  if (request.op === 'probe') return { ok: true, status: 200, ms: 1 };
  if (request.op === 'drain' || request.op === 'drain-ports') return { kind: 'drained', ms: 1, most: 0 };
  if (request.op === 'revision') return revisionsOf(readRecords(text)).at(-1)?.revision ?? 0;
  if (request.op === 'lease') return lease.take({ ...request, id: request.lease }, peer);
  if (request.op === 'holder') return lease.holder();
  if (request.op === 'unlock') return lease.unlock(request.lease);
  if (request.op === 'host') return { listening: [], freeBytes: null };
  if (request.op === 'free') lease.free(request.lease);
  if (request.op === 'journal') {
    const lost = request.lease === null ? null : lease.goOn(request.lease, request.doing);
    if (lost === null) journals.set(volume, `${text}${request.lines.join('\n')}\n`);
    return lost;
  }
  return null;
}
