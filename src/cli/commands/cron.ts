import type { StackSpec } from '../../compiler/spec/stack-spec.ts';
import { exitCode } from '../exit-code.ts';
import { whoAsks } from '../apply-begin.ts';
import { askAgent } from '../cron/ask-agent.ts';
import { findJobs, whyNoJobs, type StackJobs } from '../cron/jobs.ts';
import { namedJob } from '../cron/named-job.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, writeData, writeNote } from '../output.ts';
import { jobsJson, renderJobs } from '../render/cron.ts';
import { historyJson, renderHistory } from '../render/cron-history.ts';
import { listed } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/** `stack cron`: the jobs of a stack, when each ran last and runs next. Needs no agent that runs, and says so where none does. */
export async function cronList(context: CommandContext, file: string | undefined): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const { io } = context;
  const jobs = await findJobs(engine, stack);
  if (jobs.jobs.length === 0 && spec === null) await demandStack(engine, stack);
  const nowMs = Date.parse(new Date(io.clock.now()).toISOString());
  if (context.options.json) writeData(context, json(jobsJson(stack, jobs.jobs, agentJson(jobs), nowMs)));
  else if (jobs.jobs.length === 0) writeData(context, `Stack \`${stack}\` has no jobs on this engine.\n`);
  else {
    const areSeveral = new Set(jobs.jobs.map(({ application }) => application)).size > 1;
    writeData(context, renderJobs(jobs.jobs, { nowMs, color: colorFor(context, io.stdout), areSeveral }));
  }
  const why = whyNoJobs(stack, jobs);
  if (why !== null) writeNote(context, why);
  if (spec !== null && !context.options.json) noteAbsent(context, spec, jobs);
  return exitCode.done;
}

/** `stack cron history NAME`: the runs of a job and what was left out, newest first. */
export async function cronHistory(
  context: CommandContext,
  name: string,
  file: string | undefined,
): Promise<number> {
  const named = await namedStack(context, file);
  const { engine } = await context.connect();
  const { job, jobs } = await namedJob(engine, named, name);
  const { runs, leftOut } = job.state ?? { runs: [], leftOut: [] };
  const nowMs = context.io.clock.now();
  if (context.options.json) writeData(context, json(historyJson(named.stack, job, nowMs)));
  else if (runs.length + leftOut.length === 0)
    writeData(context, `\`${job.container}\` has not run so far.\n`);
  else writeData(context, renderHistory(job, nowMs, colorFor(context, context.io.stdout)));
  const why = whyNoJobs(named.stack, jobs);
  if (why !== null) writeNote(context, why);
  return exitCode.done;
}

/** `stack cron pause|resume NAME`: whether a job's schedule counts. What runs goes on; `stack cron run` runs it all the same. */
export async function cronPause(
  context: CommandContext,
  name: string,
  isPaused: boolean,
  file: string | undefined,
): Promise<number> {
  const named = await namedStack(context, file);
  const { engine } = await context.connect();
  const { job, jobs } = await namedJob(engine, named, name);
  const was = job.state?.paused ?? null;
  if ((was !== null) === isPaused) {
    writeNote(
      context,
      was === null
        ? `\`${job.container}\` is not paused`
        : `\`${job.container}\` is paused already, by ${was.by.user}`,
    );
    return exitCode.done;
  }
  const by = whoAsks(context.io.env);
  await askAgent(engine, named.stack, jobs, (session) =>
    isPaused ? session.cronPause(job.key, by) : session.cronResume(job.key, by),
  );
  writeNote(
    context,
    isPaused
      ? `\`${job.container}\` is paused: it runs no more by its schedule until \`stack cron resume ${name}\``
      : `\`${job.container}\` runs by its schedule again`,
  );
  return exitCode.done;
}

/** What the file has by now, and no apply has made. */
function noteAbsent(context: CommandContext, spec: StackSpec, { jobs }: StackJobs): void {
  const there = new Set(jobs.map(({ key }) => key));
  const absent = spec.applications.flatMap(({ containers }) =>
    containers.filter(({ mode, key }) => mode === 'cron' && !there.has(key)).map(({ name }) => `\`${name}\``),
  );
  if (absent.length === 0) return;
  writeNote(
    context,
    `not on this engine yet: ${listed(absent, 'and')}; \`stack apply\` has them run by their schedule`,
  );
}

function agentJson({ agent }: StackJobs): object | null {
  return agent === null ? null : { ...agent };
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
