import { OutputQueue } from '../../../src/runtime/docker/output-queue.ts';
import type { ContainerDetails, ExecRequest, ExecSession } from '../../../src/runtime/engine.ts';
import type { ExecHandler } from './behaviour.ts';

/** An exec session that a handler plays. */
export function playExec(
  handler: ExecHandler,
  request: ExecRequest,
  container: ContainerDetails,
): ExecSession {
  const [input, stdout, stderr] = [new OutputQueue(ignore), new OutputQueue(ignore), new OutputQueue(ignore)];
  const end = () => {
    stdout.end();
    stderr.end();
  };
  const play = {
    container,
    input,
    stdout: (text: string) => stdout.push(bytes(text)),
    stderr: (text: string) => (request.tty ? stdout : stderr).push(bytes(text)),
  };
  if (!request.stdin) input.end();
  const exitCode = Promise.resolve()
    .then(() => handler(request, play))
    .finally(end);
  exitCode.catch(ignore);
  return {
    stdout,
    stderr,
    exitCode,
    write: async (data) => input.push(bytes(data)),
    endInput: () => input.end(),
    resize: async () => undefined,
    destroy: () => {
      input.end();
      end();
    },
  };
}

function bytes(data: Uint8Array | string): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

function ignore(): void {
  // Nothing waits for a queue in memory.
}
