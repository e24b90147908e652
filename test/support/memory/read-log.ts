import type { LogChunk, LogsOptions } from '../../../src/runtime/engine.ts';
import type { MemoryContainer } from './memory-container.ts';

/** A container's log as the engine sends it: what there is, then what comes until the container stops. */
export async function* readLog(container: MemoryContainer, options: LogsOptions): AsyncGenerator<LogChunk> {
  const { signal } = options;
  const since = options.since === undefined ? 0 : Date.parse(options.since);
  const first = container.log.findIndex(({ atMs }) => atMs >= since);
  const from = first < 0 ? container.log.length : first;
  let next = options.tail === null ? from : Math.max(from, container.log.length - options.tail);
  for (;;) {
    if (signal?.aborted) return;
    const line = container.log[next];
    if (line !== undefined) {
      next += 1;
      const stamp = options.timestamps ? `${new Date(line.atMs).toISOString()} ` : '';
      const stream = container.config.tty ? 'stdout' : line.stream;
      yield { stream, data: Buffer.from(`${stamp}${line.text}\n`) };
    } else if (options.follow && container.state === 'running') {
      await container.nextLine(signal);
    } else {
      return;
    }
  }
}
