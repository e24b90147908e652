import { EngineError, type ContainerDetails } from '../engine.ts';
import { bytesOf } from './bytes.ts';
import { CutOff, NonsenseAnswer, toEngineError } from './engine-errors.ts';
import type { Transport } from './transport.ts';

/**
 * The exit code of the next exit, or of the last one when the container has run and is over.
 *
 * The engine sends its answer's head once it watches. Only then is the container looked at, so that no exit falls
 * between looking and watching, however short the run:
 *
 *     wait?condition=next-exit ── head ── inspect ── over already → its code
 *                                                 └─ else ─────── … → the code of the wait
 */
export async function waitForExit(
  transport: Transport,
  id: string,
  inspect: (id: string) => Promise<ContainerDetails | null>,
  signal?: AbortSignal,
): Promise<number> {
  const operation = `wait for container ${id}`;
  const options = { _query: { condition: 'next-exit' }, _body: {} };
  const answer = await transport.open(
    operation,
    (docker) => docker.getContainer(encodeURIComponent(id)).wait(options),
    signal,
  );
  try {
    const watched = readText(bytesOf(answer));
    // Looked at by whoever loses the race below as well.
    watched.catch(() => undefined);
    const details = await inspect(id);
    if (details === null) throw new EngineError('not-found', operation, `No such container: ${id}`, 404);
    if (details.state !== 'restarting' && details.exitCode !== null) return details.exitCode;
    return exitCodeOf(await watched);
  } catch (error) {
    if (signal?.aborted) throw new EngineError('cut-off', operation, 'interrupted');
    throw toEngineError(error, operation, transport.endpoint);
  } finally {
    answer.destroy();
  }
}

async function readText(answer: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk);
  } catch {
    throw new CutOff();
  }
  return Buffer.concat(chunks).toString('utf8');
}

function exitCodeOf(body: string): number {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // The head was sent long before: an engine that goes down ends the answer without a body.
    throw new CutOff();
  }
  const code: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'StatusCode') : undefined;
  if (typeof code !== 'number') throw new NonsenseAnswer('it told no exit code');
  return code;
}
