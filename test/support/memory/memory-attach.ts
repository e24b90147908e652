import { OutputQueue } from '../../../src/runtime/docker/output-queue.ts';
import type { AttachOptions, Session } from '../../../src/runtime/engine.ts';
import type { MemoryContainer } from './memory-container.ts';

/** Input and output of a container in memory, from now on. */
export function attachTo(container: MemoryContainer, { tty, stdin }: AttachOptions): Session {
  const [stdout, stderr] = [new OutputQueue(() => undefined), new OutputQueue(() => undefined)];
  const end = () => {
    stdout.end();
    stderr.end();
  };
  container.attach((line) => {
    if (line === null) return end();
    return (tty || line.stream === 'stdout' ? stdout : stderr).push(Buffer.from(`${line.text}\n`));
  });
  if (!stdin) container.input.end();
  return {
    stdout,
    stderr,
    write: async (data) => container.input.push(Buffer.from(data)),
    endInput: () => container.input.end(),
    resize: async () => undefined,
    // The engine ends the one input with the one connection.
    destroy: () => {
      container.input.end();
      end();
    },
  };
}
