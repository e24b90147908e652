import { labels } from '../../compiler/labels.ts';
import { agentImage, buildAgentImage } from '../../runtime/agent/agent-image.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, writeData, writeNote } from '../output.ts';
import { OUTPUT_FORMAT_VERSION } from '../render/diagnostics-json.ts';
import { renderTable } from '../render/table.ts';
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

/** `stack agent status`: a stack's agents, and whether they are this version's. */
export async function agentStatus(context: CommandContext, file: string | undefined): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const agents = await listAgents(engine, stack);
  if (agents.length === 0 && spec === null) await demandStack(engine, stack);
  const { tag } = agentImage();
  const rows = agents.map(({ name, state, status, image }) => ({
    name,
    state,
    status,
    image,
    current: image === tag,
  }));
  if (context.options.json) {
    const document = { format_version: OUTPUT_FORMAT_VERSION, stack, image: tag, agents: rows };
    writeData(context, `${JSON.stringify(document, null, 2)}\n`);
  } else if (rows.length === 0) {
    writeData(
      context,
      `Stack \`${stack}\` has no agent on this engine; \`stack apply\` makes one where it is needed.\n`,
    );
  } else {
    const table = renderTable(
      ['AGENT', 'STATE', 'IMAGE', 'STATUS', 'NOTE'],
      rows.map(({ name, state, image, status, current }) => [
        { text: name },
        { text: state, style: state === 'running' ? 'green' : 'red' },
        { text: image },
        { text: status },
        { text: current ? '' : 'another version' },
      ]),
      colorFor(context, context.io.stdout),
    );
    writeData(context, table);
  }
  return exitCode.done;
}

/** `stack agent logs`: the output of a stack's agents. */
export async function agentLogs(
  context: CommandContext,
  file: string | undefined,
  tail: number | null,
): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const agents = await listAgents(engine, stack);
  if (agents.length === 0 && spec === null) await demandStack(engine, stack);
  if (agents.length === 0) {
    throw new CommandFailure(exitCode.failed, `stack \`${stack}\` has no agent on this engine`);
  }
  const sources = agents.map(({ id, name }) => ({ id, label: name, group: name }));
  await showLogs(context, engine, sources, { tail, timestamps: false });
  return exitCode.done;
}

async function listAgents(engine: Engine, stack: string): Promise<readonly ContainerSummary[]> {
  const agents = await engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=agent`]);
  return [...agents].sort((a, b) => (a.name < b.name ? -1 : 1));
}
