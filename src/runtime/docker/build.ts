import { Readable } from 'node:stream';

import { EngineError, type BuildRequest } from '../engine.ts';
import { toEngineError } from './engine-errors.ts';
import { failureIn, readMessages } from './message-stream.ts';
import { tarOf } from './tar.ts';
import type { Transport } from './transport.ts';

const LAST_LINES = 15;

/**
 * POST /build with the files as its context, by the engine's own builder. Rejects with the reason and the last lines
 * of the output.
 */
export async function buildImage(
  transport: Transport,
  request: BuildRequest,
  onOutput: (line: string) => void,
): Promise<void> {
  const operation = `build ${request.tag}`;
  const query = {
    t: request.tag,
    buildargs: { ...request.buildArgs },
    labels: { ...request.labels },
    networkmode: request.network,
    rm: true,
    forcerm: true,
  };
  const last: string[] = [];
  const tell = (line: string) => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    onOutput(line);
  };
  try {
    const archive = tarOf(request.files);
    const answer = await transport.open(operation, (docker) =>
      docker.buildImage(Readable.from([archive]), { ...query }),
    );
    let rest = '';
    for await (const message of readMessages(answer)) {
      const failure = failureIn(message);
      if (failure !== null) {
        if (rest !== '') tell(rest);
        throw new EngineError('server', operation, [...last, failure].join('\n'));
      }
      const lines = (rest + (message.stream ?? '')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') tell(line);
    }
    if (rest !== '') tell(rest);
  } catch (error) {
    throw toEngineError(error, operation, transport.endpoint);
  }
}
