import type { Container } from 'dockerode';

import { EngineError, type Engine, type LogChunk, type LogsOptions } from '../engine.ts';
import type { EngineLimits } from './engine-limits.ts';
import { CutOff, NonsenseAnswer, toEngineError } from './engine-errors.ts';
import { bytesOf } from './bytes.ts';
import { FrameReader } from './frames.ts';
import type { Transport } from './transport.ts';

/** GET /containers/{id}/logs. */
export function logCalls(transport: Transport, { readMs }: EngineLimits): Pick<Engine, 'logs'> {
  return { logs: (id, options) => readLogs(transport, readMs, id, options) };
}

async function* readLogs(
  transport: Transport,
  readMs: number,
  id: string,
  options: LogsOptions,
): AsyncGenerator<LogChunk> {
  const operation = `read the log of ${id}`;
  const { signal } = options;
  if (signal?.aborted) return;
  const path = encodeURIComponent(id);
  const query = {
    stdout: true,
    stderr: true,
    timestamps: options.timestamps,
    ...(options.tail === null ? {} : { tail: options.tail }),
    ...(options.since === undefined ? {} : { since: secondsOf(options.since) }),
  };
  try {
    // Before API 1.42 the answer does not tell whether it has frames.
    const tty = await transport.ask(
      operation,
      readMs,
      async (docker) => (await docker.getContainer(path).inspect()).Config.Tty,
    );
    const open = (container: Container): Promise<unknown> =>
      options.follow
        ? container.logs({ ...query, follow: true })
        : container.logs({ ...query, follow: false });
    const answer = await transport.open(operation, (docker) => open(docker.getContainer(path)), signal);
    try {
      const frames = new FrameReader({ tty });
      for await (const chunk of bytesOf(answer)) yield* frames.push(chunk);
      frames.end();
    } finally {
      answer.destroy();
    }
  } catch (error) {
    // Whoever aborts wants no more lines, and no complaint either.
    if (signal?.aborted) return;
    const ours = error instanceof EngineError || error instanceof CutOff || error instanceof NonsenseAnswer;
    throw toEngineError(ours ? error : new CutOff(), operation, transport.endpoint);
  }
}

/** `2026-01-02T03:04:05.000000006Z` as the engine takes it: `1767323045.000000006`, whose last digits no number holds. */
function secondsOf(time: string): string {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? [];
  return `${Math.floor(Date.parse(time) / 1000)}.${fraction.padEnd(9, '0')}`;
}
