import { labels } from '../../compiler/labels.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { withAdopted } from '../../runtime/adopt/with-adopted.ts';
import { agentName, hasHealed } from '../../compiler/reconcile/agents.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import { observe } from '../../runtime/observe.ts';
import { exitCode } from '../exit-code.ts';
import { DiagnosticsFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, columnsOf, writeData, writeDiagnostics, writeNote } from '../output.ts';
import { journalReader } from '../../runtime/journal/fetch-journal.ts';
import { leftAlone } from '../left-alone.ts';
import type { PlannedStack } from '../plan-stack.ts';
import { renderStatus, statusJson, type StatusRow } from '../render/status.ts';
import { jobsAmong, type StackJobs } from '../cron/jobs.ts';
import { metricsOf, unservedMetrics, whyUnserved } from '../agent-metrics.ts';
import { whyIdle, type Wanted } from '../idle-agent.ts';
import { instanceHealth } from '../health.ts';
import { demandStack } from '../stacks.ts';
import { isCutOff, lastApply, noteLastApply, unfinishedJson, type LastApply } from '../last-apply.ts';
import { scaleStatus, type ScaleStatus } from '../scale/scale-rows.ts';
import { statusRows } from '../status-rows.ts';

/**
 * `stack status`: what runs. With a file also what it would have otherwise: held changes, what is missing, what is
 * no longer named. No registry is asked, so it is quick. Exit code 0; asked for details 2, when something is not as it should be.
 */
export async function status(
  context: CommandContext,
  file: string | undefined,
  { detailedExitCode }: { readonly detailedExitCode: boolean },
): Promise<number> {
  const { name, json } = context.options;
  const { stack, rows, last, agentIsWell, idle, left, scaled } =
    name !== null && file === undefined
      ? await namedStatus(context, name)
      : await plannedStatus(context, file);
  const text = json
    ? `${JSON.stringify({ ...statusJson(stack, rows), ...(await scalingJson(scaled)), unfinished: await unfinishedJson(last) }, null, 2)}\n`
    : renderStatus(stack, rows, {
        color: colorFor(context, context.io.stdout),
        width: columnsOf(context.io.stdout),
      });
  writeData(context, text);
  if (!json) await writeScaling(context, scaled);
  if (!json && idle !== null) writeNote(context, idle);
  if (!json) for (const note of left) writeNote(context, note);
  if (!json) await noteLastApply(context, last);
  const allWell = agentIsWell && idle === null && rows.every(({ ok }) => ok) && !isCutOff(last);
  return detailedExitCode && !allWell ? exitCode.pending : exitCode.done;
}

interface Status {
  readonly stack: string;
  readonly rows: readonly StatusRow[];
  readonly last: LastApply | null;
  /** What should ask them, or start jobs, runs. */
  readonly agentIsWell: boolean;
  /** What the agent with the engine's socket does not do, in words; null: all that is wanted. */
  readonly idle: string | null;
  /** What is not healed any more, in words. */
  readonly left: readonly string[];
  readonly scaled: ScaleStatus;
}

async function namedStatus(context: CommandContext, stack: string): Promise<Status> {
  const { engine } = await context.connect();
  const found = await observedStatus(context, engine, stack);
  if (found.rows.length === 0) await demandStack(engine, stack);
  return found;
}

async function observedStatus(context: CommandContext, engine: Engine, stack: string): Promise<Status> {
  const [observed, summaries] = await Promise.all([
    observe(engine, stack, []),
    engine.listContainers([`${labels.stack}=${stack}`]).then((rows) => withAdopted(engine, rows)),
  ]);
  const journal = journalReader(engine, observed.agents);
  const [health, last, jobs] = await Promise.all([
    instanceHealth(context, { engine, stack, observed, desired: null }),
    lastApply(engine, stack, observed, journal),
    jobsAmong(engine, stack, summaries),
  ]);
  const nowMs = context.io.clock.now();
  const rows = statusRows({ observed, summaries, jobs, plan: null, images: new Map(), health, nowMs });
  const agent = engineAgentAmong(stack, summaries);
  const [left, scaled, unserved] = await Promise.all([
    leftAlone(journal, rows, nowMs),
    scaleStatus(engine, { agent, counts: null, journal, nowMs }),
    unservedMetrics(engine, agent),
  ]);
  const idle = whyIdle(stack, jobs, wantedOf(jobs, summaries, scaled)) ?? whyUnserved(unserved);
  return { stack, rows, last, agentIsWell: isWell(observed), idle, left, scaled };
}

/** Without the file it is told by what there is: an agent that has neither jobs nor metrics is there to heal, and so is one that scales. */
function wantedOf(
  { jobs, agent }: StackJobs,
  summaries: readonly ContainerSummary[],
  scaled: ScaleStatus,
): Wanted {
  const own = summaries.find(({ name }) => name === agent?.name);
  const metrics = own !== undefined && metricsOf(own) !== null;
  if (jobs.length > 0) return { jobs: true, heals: 'besides', scales: false, metrics };
  const heals = own !== undefined && (!metrics || scaled.rows.length > 0);
  // That nothing is scaled stands beside what is.
  return { jobs: false, heals, scales: false, metrics };
}

/** Without an agent that runs, nobody asks whether instances answer. */
function isWell({ agents, containers, templates }: ObservedState): boolean {
  if (agents.length === 0) return containers.length === 0 && templates.length === 0;
  return agents.every(({ state }) => state === 'running');
}

async function plannedStatus(context: CommandContext, file: string | undefined): Promise<Status> {
  const connecting = context.connect();
  connecting.catch(() => undefined);
  const [{ loadSpec }, { planLoaded, everything }] = await Promise.all([
    import('../stack-file.ts'),
    import('../plan-stack.ts'),
  ]);
  const loaded = await loadSpec(context, file, { nameWillDo: true });
  const stack = loaded.spec.name;
  const connection = await connecting;
  let planned: PlannedStack;
  try {
    // A stack that would be emptied is still one to look at.
    planned = await planLoaded(context, loaded, connection, {
      ...everything,
      allowRemoveAll: true,
      askRegistry: false,
    });
  } catch (error) {
    // A missing secret keeps a plan from being made, but not its stack from running.
    if (!(error instanceof DiagnosticsFailure)) throw error;
    await writeDiagnostics(context, error.diagnostics, error.source);
    return observedStatus(context, connection.engine, stack);
  }
  const { engine } = connection;
  const { observed, desired, plan, journal } = planned;
  const [summaries, health, last] = await Promise.all([
    engine.listContainers([`${labels.stack}=${stack}`]).then((rows) => withAdopted(engine, rows)),
    instanceHealth(context, { engine, stack, observed, desired }),
    journal === null ? null : lastApply(engine, stack, observed, journal),
  ]);
  const images = new Map(desired.containers.map(({ key, image }) => [String(key), image.reference]));
  const nowMs = context.io.clock.now();
  const jobs = await jobsAmong(engine, stack, summaries);
  const rows = statusRows({ observed, summaries, jobs, plan, images, health, nowMs });
  const agent = engineAgentAmong(stack, summaries);
  const [left, scaled, unserved] = await Promise.all([
    journal === null ? [] : leftAlone(journal, rows, nowMs),
    scaleStatus(engine, {
      agent,
      counts: plan.counts ?? [],
      journal: journal ?? journalReader(engine, observed.agents),
      nowMs,
    }),
    unservedMetrics(engine, agent),
  ]);
  const hasJobs = jobs.jobs.length > 0;
  const besides = hasJobs && hasHealed(desired) ? 'besides' : false;
  const idle =
    whyIdle(stack, jobs, {
      jobs: hasJobs,
      heals: desired.heals || (!hasJobs && hasHealed(desired)) || besides,
      // That stands beside what is scaled.
      scales: false,
      metrics: desired.metrics !== null,
    }) ?? whyUnserved(unserved);
  return { stack, rows, last, agentIsWell: isWell(observed), idle, left, scaled };
}

/** The agent that scales and serves metrics, if anybody does. */
function engineAgentAmong(stack: string, rows: readonly ContainerSummary[]): ContainerSummary | null {
  return rows.find(({ name }) => name === agentName(stack, 'engine')) ?? null;
}

async function writeScaling(context: CommandContext, scaled: ScaleStatus): Promise<void> {
  if (scaled.rows.length === 0) return;
  const { renderScale } = await import('../render/scale.ts');
  const width = columnsOf(context.io.stdout);
  writeData(context, renderScale(scaled, { width }, context.io.clock.now()));
}

async function scalingJson(scaled: ScaleStatus): Promise<object> {
  if (scaled.rows.length === 0) return {};
  const { scaleJson } = await import('../render/scale.ts');
  return { scaling: scaleJson(scaled) };
}
