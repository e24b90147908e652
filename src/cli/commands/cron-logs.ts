import type { Engine } from '../../runtime/engine.ts';
import type { Job, LiveRun } from '../cron/jobs.ts';
import { namedJob } from '../cron/named-job.ts';
import { followOutput, writeKept, writeSoFar, type KeptRun } from '../cron/run-output.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { namedStack } from '../stack-name.ts';
import { untilInterrupted } from '../until-interrupted.ts';

/** Which of a job's runs, and how its output is shown. */
export interface CronLogsFlags {
  readonly file: string | undefined;
  /** Null: the newest. */
  readonly run: number | null;
  readonly follow: boolean;
}

/** `stack cron logs NAME [RUN]`: what a run has written, also while it goes on; with `-f` until it ends. */
export async function cronLogs(
  context: CommandContext,
  name: string,
  { file, run, follow }: CronLogsFlags,
): Promise<number> {
  const named = await namedStack(context, file);
  const { engine } = await context.connect();
  const { job, jobs } = await namedJob(engine, named, name);
  const newest = Math.max(job.state?.newestRun ?? 0, ...job.live.map((live) => live.run));
  const wanted = run ?? newest;
  if (wanted === 0) throw new CommandFailure(exitCode.failed, `\`${name}\` has not run so far`);
  const live = startedIn(job, wanted);
  if (live === null) return showKept(context, engine, { job, jobs, run: wanted });
  if (follow && !live.isOver) return followRun(context, engine, live, { job, jobs, run: wanted });
  await writeSoFar(context, engine, live.container);
  return exitCode.done;
}

/** A container that was not started yet has no output to follow: the engine would say at once that there is none. */
function startedIn({ live }: Job, run: number): LiveRun | null {
  return live.find((one) => one.run === run && !one.isNew) ?? null;
}

/** Until it ends, or Ctrl-C, which leaves it running. */
async function followRun(
  context: CommandContext,
  engine: Engine,
  { container }: LiveRun,
  kept: KeptRun,
): Promise<number> {
  const followed = await untilInterrupted(context.io, (signal) =>
    followOutput(context, engine, container, signal),
  );
  if (followed.kind === 'done') return followed.value ? exitCode.done : showKept(context, engine, kept);
  writeNote(context, 'the run goes on');
  return exitCodeOf(followed.by);
}

async function showKept(context: CommandContext, engine: Engine, kept: KeptRun): Promise<number> {
  if (await writeKept(context, engine, kept)) return exitCode.done;
  const { job, run } = kept;
  const runs = job.state?.runs ?? [];
  if (runs.find((one) => one.run === run)?.end === null)
    throw new CommandFailure(
      exitCode.failed,
      `run ${run} of \`${job.container}\` has not been started yet`,
      `\`stack cron history ${job.container}\` tells when it is`,
    );
  throw new CommandFailure(
    exitCode.failed,
    runs.some((one) => one.run === run)
      ? `the output of run ${run} of \`${job.container}\` is not kept any more`
      : `\`${job.container}\` has no run ${run}`,
    `\`stack cron history ${job.container}\` lists them`,
  );
}
