import { rosterOf } from '../../compiler/heal/roster.ts';
import { labels } from '../../compiler/labels.ts';
import { PLANES } from '../../compiler/plan/agent-spec.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { follows } from '../../compiler/scale/spec-counts.ts';
import type { StackSpec } from '../../compiler/spec/stack-spec.ts';
import { agentImage, buildAgentImage } from '../../runtime/agent/agent-image.ts';
import type { ContainerSummary } from '../../runtime/engine.ts';
import { agentRows } from '../agents.ts';
import { jobsAmong, type StackJobs } from '../cron/jobs.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { followLogs } from '../follow-logs.ts';
import { whyIdle, type Wanted } from '../idle-agent.ts';
import type { ListedContainer } from '../instances.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, columnsOf, writeData, writeNote } from '../output.ts';
import { agentsJson, renderAgents } from '../render/agents.ts';
import { OUTPUT_FORMAT_VERSION } from '../render/diagnostics-json.ts';
import { listed } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';
import { showLogs } from './logs.ts';

/** `stack agent build`: builds this version's agent image on the engine and prints its tag. */
export async function agentBuild(context: CommandContext): Promise<number> {
  const { engine } = await context.connect();
  const tag = await buildAgentImage(engine, {}, (line) => writeNote(context, line));
  writeData(
    context,
    context.options.json
      ? `${JSON.stringify({ format_version: OUTPUT_FORMAT_VERSION, image: tag })}\n`
      : `${tag}\n`,
  );
  return exitCode.done;
}

/** `stack agent status`: a stack's agents, what each is there for, what it is at, and whether it is this version's. */
export async function agentStatus(context: CommandContext, file: string | undefined): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const rows = await engine.listContainers([`${labels.stack}=${stack}`]);
  const agents = agentsAmong(rows);
  if (agents.length === 0 && spec === null) await demandStack(engine, stack);
  const { tag } = agentImage();
  const [jobs, nowMs] = [await jobsAmong(engine, stack, rows), context.io.clock.now()];
  const shown = await agentRows({ engine, stack, spec, agents, jobs, tag, nowMs });
  if (context.options.json) {
    writeData(context, `${JSON.stringify(agentsJson(stack, tag, shown), null, 2)}\n`);
    return exitCode.done;
  }
  if (shown.length === 0) {
    writeData(
      context,
      `Stack \`${stack}\` has no agent on this engine; \`stack apply\` makes one where it is needed.\n`,
    );
    return exitCode.done;
  }
  const { stdout } = context.io;
  writeData(context, renderAgents(shown, colorFor(context, stdout), columnsOf(stdout)));
  for (const { name, plane, state } of shown)
    if (state !== 'running' && plane !== null)
      writeNote(
        context,
        `\`${name}\` is ${state}: \`stack agent logs ${plane}\` may tell why, \`stack apply\` brings it back`,
      );
  const idle = jobs.agent === null ? whyIdle(stack, jobs, wantedBy(spec, jobs)) : null;
  if (idle !== null) writeNote(context, idle);
  return exitCode.done;
}

function wantedBy(spec: StackSpec | null, { jobs }: StackJobs): Wanted {
  const hasJobs = jobs.length > 0;
  if (spec === null) return { jobs: hasJobs, heals: false, scales: false, metrics: false };
  const { heals, metrics, applications } = spec;
  const scales = applications.some(({ containers }) => containers.some(({ scale }) => follows(scale)));
  const isHealed = rosterOf(spec, 0, []).instances.length > 0;
  return {
    jobs: hasJobs,
    heals: heals || (scales && isHealed) || (hasJobs && isHealed ? 'besides' : false),
    scales,
    metrics: metrics !== null,
  };
}

/** How much of the agents' output is shown. */
export interface AgentLogsFlags {
  readonly file: string | undefined;
  readonly follow: boolean;
  readonly tail: number | null;
  readonly timestamps: boolean;
}

/** `stack agent logs [AGENT…]`: the output of a stack's agents, each named by its plane or its container; with `-f` also what comes. */
export async function agentLogs(
  context: CommandContext,
  names: readonly string[],
  { file, follow, tail, timestamps }: AgentLogsFlags,
): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  demandAgents(stack, names);
  const { engine } = await context.connect();
  const isWanted = ({ engineName }: Pick<ListedContainer, 'engineName'>) =>
    names.length === 0 || names.some((name) => name === engineName || name === planeOf(stack, engineName));
  const find = async () => {
    const agents = agentsAmong(await engine.listContainers([`${labels.stack}=${stack}`]));
    if (agents.length === 0 && spec === null) await demandStack(engine, stack);
    return agents.flatMap((agent) => listedAgent(agent) ?? []).filter(isWanted);
  };
  if (follow) {
    const what = names.length === 0 ? `the agents of stack \`${stack}\`` : listed(names, 'and');
    return followLogs(context, engine, { stack, find, read: listedAgent, isWanted, what, tail, timestamps });
  }
  const found = await find();
  if (found.length === 0) {
    const what = names.length === 0 ? 'agent' : `agent \`${names.join('` or `')}\``;
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${stack}\` has no ${what} on this engine`,
      '`stack agent status` shows those that there are',
    );
  }
  const sources = found.map(({ id, engineName }) => ({ id, label: engineName, group: engineName }));
  await showLogs(context, engine, sources, { tail, timestamps });
  return exitCode.done;
}

/** Fails with 64 for what is called like no agent. */
function demandAgents(stack: string, names: readonly string[]): void {
  const known = PLANES.flatMap((plane) => [plane, agentName(stack, plane)]);
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new CommandFailure(
    exitCode.usage,
    `\`${wrong}\` is no agent`,
    `agents are ${listed(
      PLANES.map((plane) => `\`${plane}\``),
      'and',
    )}; for a stack file: \`--file ${wrong}\``,
  );
}

function planeOf(stack: string, engineName: string): string | null {
  return PLANES.find((plane) => agentName(stack, plane) === engineName) ?? null;
}

/** Null for what is no agent. */
function listedAgent({
  id,
  name,
  state,
  labels: own,
}: Pick<ContainerSummary, 'id' | 'name' | 'state' | 'labels'>): ListedContainer | null {
  if (own[labels.role] !== 'agent') return null;
  const engineName = name.replace(/^\//, '');
  const nowhere = { application: '', container: '', generation: 0, phase: 'current' } as const;
  return { id, engineName, state, role: 'agent', instance: engineName, ...nowhere };
}

function agentsAmong(rows: readonly ContainerSummary[]): readonly ContainerSummary[] {
  return rows.filter((row) => row.labels[labels.role] === 'agent').sort((a, b) => (a.name < b.name ? -1 : 1));
}
