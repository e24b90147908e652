import { runLogFile } from '../../compiler/cron/places.ts';
import { EngineError, type Engine } from '../../runtime/engine.ts';
import { whoAsks } from '../apply-begin.ts';
import { askAgent } from '../cron/ask-agent.ts';
import { findJobs, type Job, type LiveRun, type StackJobs } from '../cron/jobs.ts';
import { namedJob } from '../cron/named-job.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext, Interruption } from '../io.ts';
import { writeData, writeNote } from '../output.ts';
import { resultText } from '../render/cron.ts';
import { duration } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';

/** How often is looked whether a run has begun or ended, in milliseconds. */
const LOOK_EVERY_MS = 250;
/** How long a run may take from its request to its container, or from its end to its record, in milliseconds. */
const PATIENCE_MS = 60_000;

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
  return follow && !live.isOver ? followRun(context, engine, live) : showLive(context, engine, live);
}

/** `stack cron run NAME`: one run now, as if it were due, and its output; 0 where it succeeded. Ctrl-C leaves it running. */
export async function cronRun(
  context: CommandContext,
  name: string,
  { file, detach }: { readonly file: string | undefined; readonly detach: boolean },
): Promise<number> {
  const named = await namedStack(context, file);
  const { engine } = await context.connect();
  const { stack } = named;
  const { job, jobs } = await namedJob(engine, named, name);
  const by = whoAsks(context.io.env);
  const run = await askAgent(engine, stack, jobs, (session) => session.cronRun(job.key, by));
  if (detach) {
    writeNote(
      context,
      `run ${run} of \`${job.container}\` has begun; \`stack cron logs -f ${name}\` follows it`,
    );
    return exitCode.done;
  }
  writeNote(context, `run ${run} of \`${job.container}\` has begun; Ctrl-C leaves it running`);
  const begun = await awaited(context, async () => {
    const { job: now } = await namedJob(engine, named, name);
    return startedIn(now, run) ?? (endOf(now, run) === null ? null : 'over');
  });
  const code = begun === null || begun === 'over' ? null : await followUnlessGone(context, engine, begun);
  if (code !== null && code !== exitCode.done) return code;
  const end = await awaited(context, async () => {
    const { jobs: all } = await findJobs(engine, stack);
    const now = all.find(({ key }) => key === job.key);
    return now === undefined ? null : endOf(now, run);
  });
  if (end === null)
    throw new CommandFailure(
      exitCode.failed,
      `the end of run ${run} of \`${job.container}\` is not written down`,
      '`stack cron` and `stack agent logs` tell more',
    );
  // Of one that could not be started nothing is kept: its end says why.
  if (code === null) await writeKept(context, engine, { job, jobs, run });
  writeNote(
    context,
    `run ${run}: ${resultText(end)} after ${duration(end.tookMs)}${end.why === null ? '' : `: ${end.why}`}`,
  );
  return end.result === 'succeeded' ? exitCode.done : exitCode.failed;
}

/** A container that was not started yet has no output to follow: the engine would say at once that there is none. */
function startedIn({ live }: Job, run: number): LiveRun | null {
  return live.find((one) => one.run === run && !one.isNew) ?? null;
}

function endOf({ state }: Job, run: number) {
  return state?.runs.find((one) => one.run === run)?.end ?? null;
}

/** Looks until there is something; null where that takes too long. */
async function awaited<T>(
  { io: { clock } }: CommandContext,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const until = clock.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== null || clock.now() > until) return found;
    await clock.sleep(LOOK_EVERY_MS);
  }
}

async function showLive(context: CommandContext, engine: Engine, { container }: LiveRun): Promise<number> {
  const signal = context.io.outputClosed;
  await copy(context, engine.logs(container, { tail: null, follow: false, timestamps: false, signal }));
  return exitCode.done;
}

/** Until it ends, or Ctrl-C, which leaves it running. */
async function followRun(context: CommandContext, engine: Engine, { container }: LiveRun): Promise<number> {
  const { io } = context;
  const over = new AbortController();
  let interruption: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    interruption = signal;
    over.abort();
  });
  try {
    const { signal } = over;
    await copy(context, engine.logs(container, { tail: null, follow: true, timestamps: false, signal }));
  } catch (error) {
    if (interruption === null) throw error;
  } finally {
    letGo();
  }
  if (interruption === null) return exitCode.done;
  writeNote(context, 'the run goes on');
  return exitCodeOf(interruption);
}

/** Null: it has been removed since it was looked at, and its output is kept. */
async function followUnlessGone(
  context: CommandContext,
  engine: Engine,
  live: LiveRun,
): Promise<number | null> {
  try {
    return await followRun(context, engine, live);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return null;
    throw error;
  }
}

async function copy(context: CommandContext, output: ReturnType<Engine['logs']>): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  for await (const { stream, data } of output) {
    const text = decoders[stream].decode(data, { stream: true });
    if (stream === 'stdout') writeData(context, text);
    else context.io.stderr.write(text);
  }
}

interface KeptRun {
  readonly job: Job;
  readonly jobs: StackJobs;
  readonly run: number;
}

/** False: nothing is kept of it. */
async function writeKept(
  context: CommandContext,
  engine: Engine,
  { job, jobs, run }: KeptRun,
): Promise<boolean> {
  const found = jobs.reader === null ? null : await engine.fetchFile(jobs.reader, runLogFile(job.key, run));
  if (found?.kind !== 'file') return false;
  writeData(context, new TextDecoder().decode(found.content));
  return true;
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
