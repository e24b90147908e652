import { EngineError, type ContainerChange, type Engine } from '../engine.ts';
import { CutOff, toEngineError } from './engine-errors.ts';
import { readMessages } from './message-stream.ts';
import type { Transport } from './transport.ts';

/** GET /events. */
export function watchCalls(transport: Transport): Pick<Engine, 'watchStarts' | 'watchChanges' | 'lastExit'> {
  return {
    watchStarts: (labels, signal) => watchChanges(transport, ['start'], labels, signal),
    watchChanges: (labels, signal) => watchChanges(transport, Object.keys(CHANGES), labels, signal),
    lastExit: (id, before) => lastExit(transport, id, before),
  };
}

async function lastExit(transport: Transport, id: string, before: string): Promise<number | null> {
  const operation = `look how container ${id} ended`;
  const filters = JSON.stringify({ type: ['container'], event: ['die'], container: [id] });
  // With an end that is over it tells what it has kept, and ends.
  const until = Date.parse(before) / 1000;
  const answer = await transport.open(operation, (docker) => docker.getEvents({ filters, since: 1, until }));
  let code: number | null = null;
  try {
    for await (const { Actor } of readMessages(answer)) {
      const told = Number(Actor?.Attributes?.['exitCode'] ?? 'none');
      if (Number.isInteger(told)) code = told;
    }
    return code;
  } catch (error) {
    throw toEngineError(error, operation, transport.endpoint);
  } finally {
    answer.destroy();
  }
}

/** By the engine's words for them. */
const CHANGES: Readonly<Record<string, ContainerChange['what']>> = {
  start: 'start',
  die: 'end',
  destroy: 'removal',
  rename: 'rename',
  health_status: 'health',
};

async function watchChanges(
  transport: Transport,
  event: readonly string[],
  labels: readonly string[],
  signal: AbortSignal,
): Promise<AsyncIterable<ContainerChange>> {
  const operation = 'watch containers';
  const filters = JSON.stringify({ type: ['container'], event, label: labels });
  const answer = await transport.open(operation, (docker) => docker.getEvents({ filters }), signal);
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const message of readMessages(answer)) {
          const { ID: id, Attributes: own } = message.Actor ?? {};
          // `health_status: unhealthy`
          const what = CHANGES[message.Action?.split(':')[0] ?? ''];
          // Its labels stand among what the engine tells of it.
          if (id !== undefined && what !== undefined)
            yield { what, id, name: own?.['name'] ?? '', labels: own ?? {} };
        }
        // It never ends by itself.
        throw new CutOff();
      } catch (error) {
        if (signal.aborted) return;
        throw error instanceof EngineError ? error : toEngineError(error, operation, transport.endpoint);
      } finally {
        answer.destroy();
      }
    },
  };
}
