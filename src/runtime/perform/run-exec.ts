import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine, type ExecSession } from '../engine.ts';
import { lines } from '../log-lines.ts';

/** Lines of a command's output that are kept: the last ones say why. */
const TAIL = 20;
const LIMIT_MS = 30_000;

/** How a command in a container ended. */
export interface ExecResult {
  /** 126 and 127: there is no such program, as a shell says it. */
  readonly code: number;
  readonly output: readonly string[];
}

/**
 * Runs a command in a container, to its end, `limitMs` at most, by default 30 s (rejects with `timeout`). A program that is not there is code
 * 127, however the engine tells it.
 */
export async function runExec(
  engine: Pick<Engine, 'exec'>,
  clock: Clock,
  id: string,
  command: readonly string[],
  limitMs = LIMIT_MS,
): Promise<ExecResult> {
  const patience = new AbortController();
  let exec: ExecSession | null = null;
  const run = async (): Promise<ExecResult> => {
    try {
      exec = await engine.exec(id, { command, tty: false, stdin: false });
      const output: string[] = [];
      const read = async (stream: AsyncIterable<Uint8Array>) => {
        for await (const line of lines(chunks(stream))) {
          output.push(line);
          if (output.length > TAIL) output.shift();
        }
      };
      await Promise.all([read(exec.stdout), read(exec.stderr)]);
      return { code: await exec.exitCode, output };
    } catch (error) {
      // Newer engines refuse to start what is not there; 20.10 lets it end with 126.
      if (error instanceof EngineError && /executable file not found|no such file/i.test(error.message))
        return { code: 127, output: [error.message] };
      throw error;
    }
  };
  const late = clock.sleep(limitMs, patience.signal).then((): never => {
    throw new EngineError('timeout', `exec in ${id}`, `it did not end within ${elapsed(limitMs)}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([run(), late]);
  } finally {
    patience.abort();
    (exec as ExecSession | null)?.destroy();
  }
}

/** Whether a result tells that there is no such program. */
export function isAbsent({ code }: ExecResult): boolean {
  return code === 126 || code === 127;
}

async function* chunks(stream: AsyncIterable<Uint8Array>) {
  for await (const data of stream) yield { stream: 'stdout' as const, data };
}
