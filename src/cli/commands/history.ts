import { revisionsOf } from '../../compiler/journal/revisions.ts';
import { labels } from '../../compiler/labels.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import type { Engine } from '../../runtime/engine.ts';
import { fetchJournal } from '../../runtime/journal/fetch-journal.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, columnsOf, writeData } from '../output.ts';
import { historyJson, renderHistory, renderRevision, revisionJson } from '../render/history.ts';
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
  const agent = await agentOf(engine, stack, spec === null);
  const revisions = revisionsOf((await fetchJournal(engine, agent)) ?? []);
  const { stdout } = context.io;
  const style = { color: colorFor(context, stdout), width: columnsOf(stdout) };
  if (number === null) {
    if (context.options.json) writeData(context, json(historyJson(stack, revisions)));
    else if (revisions.length === 0)
      writeData(context, `Nothing was applied to stack \`${stack}\` so far.\n`);
    else writeData(context, renderHistory(revisions, style));
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
    context.options.json ? json(revisionJson(stack, found)) : renderRevision(stack, found, style),
  );
  return exitCode.done;
}

function json(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The container that the journal can be fetched from. Fails with 1 where there is none. */
async function agentOf(engine: Engine, stack: string, isNamed: boolean): Promise<string> {
  const agents = await engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=agent`]);
  const own = agents.find(({ name }) => name === agentName(stack, 'stack')) ?? agents[0];
  if (own !== undefined) return own.id;
  if (isNamed) await demandStack(engine, stack);
  throw new CommandFailure(
    exitCode.failed,
    `stack \`${stack}\` has no journal on this engine: its agent, who keeps it, is not there`,
    `\`stack apply\` makes the agent; what is in volume \`${stack}.journal\` is read from then on`,
  );
}
