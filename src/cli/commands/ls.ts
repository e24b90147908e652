import { exitCode } from '../exit-code.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, writeData } from '../output.ts';
import { OUTPUT_FORMAT_VERSION } from '../render/diagnostics-json.ts';
import { renderTable } from '../render/table.ts';
import { listStacks, type ListedStack } from '../stacks.ts';

const HEADINGS = ['STACK', 'RUNNING', 'AGENT', 'VOLUMES'];

/** `stack ls`: the stacks on an engine. */
export async function ls(context: CommandContext): Promise<number> {
  const { engine } = await context.connect();
  const stacks = await listStacks(engine);
  writeData(
    context,
    context.options.json
      ? `${JSON.stringify({ format_version: OUTPUT_FORMAT_VERSION, stacks }, null, 2)}\n`
      : render(stacks, colorFor(context, context.io.stdout)),
  );
  return exitCode.done;
}

function render(stacks: readonly ListedStack[], color: boolean): string {
  if (stacks.length === 0) return 'No stack is on this engine.\n';
  return renderTable(
    HEADINGS,
    stacks.map(({ name, running, instances, agent, volumes }) => [
      { text: name },
      { text: `${running}/${instances}`, style: running === instances ? 'green' : 'red' },
      { text: agent ?? '', style: agent === 'running' ? 'green' : 'red' },
      { text: String(volumes) },
    ]),
    color,
  );
}
