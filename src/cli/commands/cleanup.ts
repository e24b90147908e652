import { randomUUID } from 'node:crypto';

import { planCleanup, type CleanupItem, type CleanupPlan } from '../../compiler/cleanup/cleanup-plan.ts';
import { untracedRevisions } from '../../compiler/cleanup/used-images.ts';
import type { JournalRecord } from '../../compiler/journal/record.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { execAgentConnector } from '../../runtime/agent/agent-connector.ts';
import { agentImage } from '../../runtime/agent/agent-image.ts';
import { AgentError } from '../../runtime/agent/agent-session.ts';
import { cleanUp } from '../../runtime/cleanup/clean-up.ts';
import { lookForCleanup } from '../../runtime/cleanup/look.ts';
import type { Engine } from '../../runtime/engine.ts';
import { fetchJournal } from '../../runtime/journal/fetch-journal.ts';
import { observe } from '../../runtime/observe.ts';
import { leaseOptions, whoAsks } from '../apply-begin.ts';
import { confirm } from '../confirm.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { fileImages } from '../file-images.ts';
import type { CommandContext, Interruption } from '../io.ts';
import { lastApply, nextWords, type LastApply } from '../last-apply.ts';
import { colorFor, writeData, writeNote } from '../output.ts';
import { cleanupReport } from '../render/cleanup-report.ts';
import { cleanupJson, renderCleanup, untracedWords } from '../render/cleanup.ts';
import { whereOf } from '../render/history.ts';
import { holderWords } from '../render/holder.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/**
 * `stack cleanup [FILE]`: removes what a stack has left behind and nobody needs: shows it, asks, and takes the stack's lock. An
 * apply that was cut off comes first: exit code 1; 75 while one goes on.
 */
export async function cleanup(
  context: CommandContext,
  file: string | undefined,
  { dryRun }: { readonly dryRun: boolean },
): Promise<number> {
  const { stack, loaded } = await namedStack(context, file);
  const connection = await context.connect();
  const { engine } = connection;
  const observedAtMs = context.io.clock.now();
  const observed = await observe(engine, stack, []);
  const agent = await demandAgent(engine, stack, observed);
  const records = (await fetchJournal(engine, agent.id)) ?? [];
  const last = await demandOver(engine, stack, observed, records);
  const named = loaded === null ? [] : await fileImages(context.io.env, connection, loaded);
  const references = [...named, agentImage().tag];
  const question = { stack, records, references, agent: agent.spec, isOver: last?.kind !== 'failed' };
  const plan = planCleanup(await lookForCleanup(engine, { ...question, observed }));
  await show(context, engine, plan, untracedRevisions(records));
  if (plan.items.length === 0 || dryRun) return exitCode.done;
  await confirm(context, {
    text: `Remove this of stack \`${stack}\`? Type \`yes\`:`,
    answers: ['yes'],
    stdinTaken: file === '-',
  });
  // While somebody read it, somebody of another stack may have begun to need something of it.
  const again = await lookForCleanup(engine, { ...question, observed: await observe(engine, stack, []) });
  const stillLeft = new Set(planCleanup(again).items.map(nameOf));
  const items = plan.items.filter((item) => stillLeft.has(nameOf(item)));
  return carryOut(context, engine, items, { agent: agent.name, observedAtMs });
}

function nameOf(item: CleanupItem): string {
  return `${item.kind} ${item.kind === 'network' ? item.name : item.id}`;
}

async function show(
  context: CommandContext,
  engine: Engine,
  plan: CleanupPlan,
  untraced: readonly number[],
): Promise<void> {
  const containers = plan.items.flatMap((item) => (item.kind === 'container' ? [item.id] : []));
  const written = await engine.containerBytes(containers);
  if (context.options.json) writeData(context, `${JSON.stringify(cleanupJson(plan, written, untraced))}\n`);
  else writeData(context, renderCleanup(plan, written, colorFor(context, context.io.stdout)));
  if (untraced.length > 0) writeNote(context, untracedWords(untraced));
}

async function carryOut(
  context: CommandContext,
  engine: Engine,
  items: readonly CleanupItem[],
  { agent, observedAtMs }: { readonly agent: string; readonly observedAtMs: number },
): Promise<number> {
  const { io } = context;
  const report = cleanupReport(context, items);
  const stop = new AbortController();
  let interruption: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    if (stop.signal.aborted) return io.exit(exitCodeOf(signal));
    interruption = signal;
    stop.abort();
  });
  const who = { ...whoAsks(io.env), command: 'cleanup' };
  const lease = leaseOptions(context, randomUUID(), who, { agent, observedAtMs, timeoutMs: 0 });
  try {
    const agents = execAgentConnector(engine);
    const options = { engine, agents, clock: io.clock, lease: { ...lease, agent }, stop: stop.signal };
    for await (const event of cleanUp(items, options)) report.note(event);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw new CommandFailure(
      exitCode.failed,
      `the stack's lock cannot be taken, so nothing was removed: ${error.message}`,
      '`stack apply` brings its agent back',
    );
  } finally {
    letGo();
  }
  const code = report.end();
  return interruption !== null && report.isCutShort() ? exitCodeOf(interruption) : code;
}

/** The agent that keeps the stack's lock and its journal. Fails with 1 where there is none. */
async function demandAgent(
  engine: Engine,
  stack: string,
  { agents }: ObservedState,
): Promise<ObservedState['agents'][number]> {
  const own = agents.find(({ name }) => name === agentName(stack, 'stack'));
  if (own !== undefined) return own;
  await demandStack(engine, stack);
  throw new CommandFailure(
    exitCode.failed,
    `the agent of stack \`${stack}\`, which knows what it has used and keeps its lock, is not there`,
    '`stack apply` makes it',
  );
}

/** An apply that goes on, or is to be gone on with, needs what looks as if it were left behind. Gives the last one, where it is over. */
async function demandOver(
  engine: Engine,
  stack: string,
  observed: ObservedState,
  records: readonly JournalRecord[],
): Promise<LastApply | null> {
  const last = await lastApply(engine, stack, observed, () => Promise.resolve(records));
  if (last?.kind !== 'unfinished' && last?.kind !== 'stopped') return last;
  const { revision, holder } = last;
  const name = `${revision.command} ${revision.revision}`;
  if (holder !== null)
    throw new CommandFailure(
      exitCode.locked,
      `${name} goes on: ${holderWords(holder)}; nothing was removed`,
      'clean up when it is over',
    );
  throw new CommandFailure(
    exitCode.failed,
    `${name} was ${last.kind === 'stopped' ? 'stopped' : `cut off ${whereOf(revision)}`}, and may need what it has left; nothing was removed`,
    nextWords(last),
  );
}
