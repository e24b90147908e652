import type { EndedRun, JobState } from '../../compiler/cron/fold.ts';
import { jobRunName } from '../../compiler/names.ts';
import type { AskedRun } from '../../runtime/agent/agent-session.ts';
import { EngineError, type Engine } from '../../runtime/engine.ts';
import { whoAsks } from '../apply-begin.ts';
import { askAgent } from '../cron/ask-agent.ts';
import { JobWatch } from '../cron/job-watch.ts';
import { statesIn, type Job, type StackJobs } from '../cron/jobs.ts';
import { namedJob } from '../cron/named-job.ts';
import { followOutput, writeKept } from '../cron/run-output.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { resultText } from '../render/cron.ts';
import { duration, plural } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';
import { untilInterrupted } from '../until-interrupted.ts';

/** How long a run may take from its begin to its container, or from its end to its record, in milliseconds. */
const PATIENCE_MS = 60_000;

/** `stack cron run NAME`: one run now, as if it were due, and its output; 0 where it succeeded. Ctrl-C leaves it running, or waiting. */
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
  const ask = () => askAgent(engine, stack, jobs, (session) => session.cronRun(job.key, by));
  if (detach) {
    writeNote(context, detachedText(await ask(), job, name));
    return exitCode.done;
  }
  /** What becomes of it when nobody waits any more. */
  let left: string | null = null;
  const ran = await untilInterrupted(context.io, async (signal) => {
    // Before it is asked for: nothing that happens to it is missed.
    const watch = await JobWatch.open(engine, context.io.clock, stack, job, signal);
    const world = { context, engine, watch, job, jobs, stack, signal };
    left = '`stack cron` tells whether it has begun';
    const asked = await ask();
    if (asked.kind === 'queued') left = 'the run waits for its turn';
    const run = asked.kind === 'begun' ? asked.run : await turnOf(world, asked);
    left = 'the run goes on';
    writeNote(context, `run ${run} of \`${job.container}\` has begun; Ctrl-C leaves it running`);
    return { run, end: await endOf(world, run) };
  });
  if (ran.kind === 'interrupted') {
    if (left !== null) writeNote(context, left);
    return exitCodeOf(ran.by);
  }
  const { run, end } = ran.value;
  const why = end.why === null ? '' : `: ${end.why}`;
  writeNote(context, `run ${run}: ${resultText(end)} after ${duration(end.tookMs)}${why}`);
  return end.result === 'succeeded' ? exitCode.done : exitCode.failed;
}

/** With what a run is followed: it alone is asked for, never the whole stack. */
interface Following {
  readonly context: CommandContext;
  readonly engine: Pick<Engine, 'findContainer' | 'logs' | 'fetchFile'>;
  readonly watch: JobWatch;
  readonly job: Job;
  readonly jobs: StackJobs;
  readonly stack: string;
  readonly signal: AbortSignal;
}

function detachedText(asked: AskedRun, { container }: Job, name: string): string {
  return asked.kind === 'begun'
    ? `run ${asked.run} of \`${container}\` has begun; \`stack cron logs -f ${name}\` follows it`
    : `a run of \`${container}\` waits until ${plural(asked.before, 'run')} before it ${asked.before === 1 ? 'is' : 'are'} over; \`stack cron\` tells`;
}

/** The number of a run that waits, once it begins. */
async function turnOf(
  following: Following,
  { askedMs, before }: Extract<AskedRun, { readonly kind: 'queued' }>,
): Promise<number> {
  const { context, watch, job } = following;
  const { container } = job;
  writeNote(
    context,
    `a run of \`${container}\` waits until ${plural(before, 'run')} before it ${before === 1 ? 'is' : 'are'} over; Ctrl-C leaves it waiting`,
  );
  const begun = await watch.awaited(async () => {
    const state = await stateOf(following);
    if (state === null) return null;
    const own = state.runs.find(({ by, dueMs }) => by !== null && dueMs === askedMs);
    const isWaiting = state.queue.some(({ by, dueMs }) => by !== null && dueMs === askedMs);
    return own?.run ?? (isWaiting ? null : 'gone');
  }, Infinity);
  if (begun === null || begun === 'gone')
    throw new CommandFailure(
      exitCode.failed,
      `the run of \`${container}\` does not wait any more: its job is no longer in the stack`,
    );
  return begun;
}

/** Shows what a run writes until it is over, and how it ended. */
async function endOf(following: Following, run: number): Promise<EndedRun['end']> {
  const { context, engine, watch, job, jobs, stack, signal } = following;
  const name = jobRunName(stack, job.application, job.container, run);
  const written = async () => (await stateOf(following))?.runs.find((one) => one.run === run)?.end ?? null;
  const begun = await watch.awaited(async () => {
    const found = await engine.findContainer(name);
    // One that was not started yet has no output to follow: the engine would say at once that there is none.
    if (found !== null && found.startedAt !== '') return found.id;
    return (await written()) === null ? null : 'over';
  }, PATIENCE_MS);
  const isFollowed =
    begun !== null && begun !== 'over' && (await followOutput(context, engine, begun, signal));
  signal.throwIfAborted();
  const end = await watch.awaited(written, PATIENCE_MS);
  if (end === null)
    throw new CommandFailure(
      exitCode.failed,
      `the end of run ${run} of \`${job.container}\` is not written down`,
      '`stack cron` and `stack agent logs` tell more',
    );
  // Of one that could not be started nothing is kept: its end says why.
  if (!isFollowed) await writeKept(context, engine, { job, jobs, run });
  return end;
}

/** What is written down of the job; null while that cannot be read: an apply replaces who has it. */
async function stateOf({ engine, jobs, job }: Following): Promise<JobState | null> {
  if (jobs.agent === null) return null;
  try {
    return (await statesIn(engine, jobs.agent.name)).get(job.key) ?? null;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'not-found') return null;
    throw error;
  }
}
