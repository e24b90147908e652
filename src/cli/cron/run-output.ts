import { runLogFile } from '../../compiler/cron/places.ts';
import { EngineError, type Engine } from '../../runtime/engine.ts';
import type { CommandContext } from '../io.ts';
import { writeData } from '../output.ts';
import type { Job, StackJobs } from './jobs.ts';

/** A run of a job, and who has what is kept of it. */
export interface KeptRun {
  readonly job: Job;
  readonly jobs: Pick<StackJobs, 'reader'>;
  readonly run: number;
}

/** Shows what a run has written that is over; false: nothing is kept of it. Rejects with `EngineError`. */
export async function writeKept(
  context: CommandContext,
  engine: Pick<Engine, 'fetchFile'>,
  { job, jobs, run }: KeptRun,
): Promise<boolean> {
  const found = jobs.reader === null ? null : await engine.fetchFile(jobs.reader, runLogFile(job.key, run));
  if (found?.kind !== 'file') return false;
  writeData(context, new TextDecoder().decode(found.content));
  return true;
}

/** Shows what a run has written so far. Rejects with `EngineError`. */
export function writeSoFar(context: CommandContext, engine: Engine, container: string): Promise<void> {
  return copy(context, engine.logs(container, { ...WHOLE, follow: false, signal: context.io.outputClosed }));
}

/**
 * The same until it ends, or until `signal`, which leaves it running. False: its container is gone already, and its output is kept.
 * Rejects with `EngineError`.
 */
export async function followOutput(
  context: CommandContext,
  engine: Pick<Engine, 'logs'>,
  container: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await copy(context, engine.logs(container, { ...WHOLE, follow: true, signal }));
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    if (error instanceof EngineError && error.kind === 'not-found') return false;
    throw error;
  }
}

const WHOLE = { tail: null, timestamps: false } as const;

async function copy(context: CommandContext, output: ReturnType<Engine['logs']>): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, data } of output) {
    const text = decoders[stream].decode(data, { stream: true });
    if (stream === 'stdout') writeData(context, text);
    else context.io.stderr.write(text);
  }
}
