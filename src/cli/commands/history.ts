import { revisionsOf, type Revision } from '../../compiler/journal/revisions.ts';
import { labels } from '../../compiler/labels.ts';
import { journalVolume } from '../../compiler/names.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import { observedKept } from '../../runtime/observe.ts';
import { fetchJournal } from '../../runtime/journal/fetch-journal.ts';
import { ownerState } from '../../runtime/run-owner.ts';
import { within } from '../../runtime/within.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, columnsOf, writeData, writeNote } from '../output.ts';
import { listed } from '../render/text.ts';
import { historyJson, renderHistory, renderRevision, revisionJson, type GoingOn } from '../render/history.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/** `stack history [REVISION]`: what was applied, when, by whom, and what came of it; null: all revisions, newest first. */
export async function history(
  context: CommandContext,
  file: string | undefined,
  number: number | null,
): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const rows = await engine.listContainers([`${labels.stack}=${stack}`]);
  const agent = await agentOf(engine, stack, rows, spec === null);
  const { revisions, goingOn } = await read(engine, agent);
  const kept = keptRevisions(stack, observedKept(rows)).map(({ revision }) => revision);
  const { stdout } = context.io;
  const style = { color: colorFor(context, stdout), width: columnsOf(stdout) };
  if (number === null) {
    if (context.options.json) writeData(context, json(historyJson(stack, revisions, new Set(kept), goingOn)));
    else if (revisions.length === 0)
      writeData(context, `Nothing was applied to stack \`${stack}\` so far.\n`);
    else {
      writeData(context, renderHistory(revisions, style, goingOn));
      noteKept(context, kept);
    }
    return exitCode.done;
  }
  const found = revisions.find(({ revision }) => revision === number);
  if (found === undefined) {
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${stack}\` has no revision ${number} in its journal`,
      revisions.length === 0
        ? 'nothing was applied so far'
        : `there are ${revisions[0]?.revision ?? 0} to ${revisions.at(-1)?.revision ?? 0}: \`stack history\` lists them`,
    );
  }
  writeData(
    context,
    context.options.json
      ? json(revisionJson(stack, found, revisions, goingOn))
      : renderRevision(stack, found, revisions, style, goingOn),
  );
  return exitCode.done;
}

interface Read {
  readonly revisions: readonly Revision[];
  readonly goingOn: GoingOn;
}

/** The journal, and which apply holds the lock where the last has no end in it. */
async function read(engine: Engine, agent: string): Promise<Read> {
  const fetched = async () => revisionsOf((await fetchJournal(engine, agent)) ?? []);
  const revisions = await fetched();
  if (revisions.at(-1)?.end !== null) return { revisions, goingOn: null };
  const { holderOf, HOLDER_MS } = await import('../last-apply.ts');
  const holder = await within(HOLDER_MS, holderOf(engine, agent), () => null);
  // It may have come to its end while that was asked; of one that was killed the agent may hear in a moment.
  if (holder === null) return { revisions: await fetched(), goingOn: null };
  return { revisions, goingOn: ownerState(holder.mark) === 'gone' ? null : holder.id };
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function noteKept(context: CommandContext, kept: readonly number[]): void {
  if (kept.length === 0) return;
  const numbers = listed(kept.map(String).toReversed(), 'and');
  writeNote(context, `\`stack rollback REVISION\` can make again: ${numbers}`);
}

/** The container that the journal can be fetched from. Fails with 1 where there is none. */
async function agentOf(
  engine: Engine,
  stack: string,
  rows: readonly ContainerSummary[],
  isNamed: boolean,
): Promise<string> {
  const agents = rows.filter((row) => row.labels[labels.role] === 'agent');
  const own = agents.find(({ name }) => name === agentName(stack, 'stack')) ?? agents[0];
  if (own !== undefined) return own.id;
  if (isNamed) await demandStack(engine, stack);
  const volume = journalVolume(stack);
  const isWritten = (await engine.listVolumes([`${labels.stack}=${stack}`])).some(
    ({ name }) => name === volume,
  );
  throw new CommandFailure(
    exitCode.failed,
    rows.length > 0
      ? `the agent of stack \`${stack}\`, which reads its history, is not there`
      : isWritten
        ? `nothing of stack \`${stack}\` runs on this engine any more: it was destroyed, or its containers were removed`
        : `stack \`${stack}\` was never applied on this engine, or was destroyed and its history with it`,
    isWritten
      ? `its history is in the volume \`${volume}\`: the next \`stack apply\` makes the agent that reads it`
      : '`stack apply` applies it; `--host` and `--context` choose another engine',
  );
}
