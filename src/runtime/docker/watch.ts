import { EngineError, type Engine, type StartedContainer } from '../engine.ts';
import { CutOff, toEngineError } from './engine-errors.ts';
import { readMessages } from './message-stream.ts';
import type { Transport } from './transport.ts';

/** GET /events. */
export function watchCalls(transport: Transport): Pick<Engine, 'watchStarts'> {
  return { watchStarts: (labels, signal) => watchStarts(transport, labels, signal) };
}

async function watchStarts(
  transport: Transport,
  labels: readonly string[],
  signal: AbortSignal,
): Promise<AsyncIterable<StartedContainer>> {
  const operation = 'watch containers';
  const filters = JSON.stringify({ type: ['container'], event: ['start'], label: labels });
  const answer = await transport.open(operation, (docker) => docker.getEvents({ filters }), signal);
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const message of readMessages(answer)) {
          const { ID: id, Attributes: own } = message.Actor ?? {};
          // Its labels stand among what the engine tells of it.
          if (id !== undefined) yield { id, name: own?.['name'] ?? '', labels: own ?? {} };
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
