import type { AgentRow } from '../agents.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';
import { renderTable } from './table.ts';
import { fold } from './text.ts';

const INDENT = '    ';

/** The agents of a stack for people: one a line, and below it what it is there for and what it is at. */
export function renderAgents(rows: readonly AgentRow[], color: boolean, width: number | null): string {
  const table = renderTable(
    ['AGENT', 'STATE', 'IMAGE', 'STATUS', 'RESTARTS', 'NOTE'],
    rows.map(({ name, plane, state, image, status, restarts, current }) => [
      { text: name },
      { text: state, style: state === 'running' ? 'green' : 'red' },
      { text: image },
      { text: status },
      { text: String(restarts), style: restarts === 0 ? undefined : 'yellow' },
      {
        text: [...(plane === null ? ['nobody asks it'] : []), ...(current ? [] : ['another version'])].join(
          '; ',
        ),
      },
    ]),
    color,
  );
  const [headings = '', ...lines] = table.trimEnd().split('\n');
  const below = ({ tasks, now, state }: AgentRow) =>
    [state === 'running' ? tasks : undone(tasks), now]
      .filter((parts) => parts.length > 0)
      .flatMap((parts) => fold(parts.join('; '), width ?? Infinity, INDENT, `${INDENT}  `));
  return [headings, ...lines.flatMap((line, at) => [line, ...(rows[at] ? below(rows[at]) : [])])]
    .map((line) => `${line}\n`)
    .join('');
}

/** What nobody does while the agent that is there for it does not run. */
function undone([first, ...more]: readonly string[]): readonly string[] {
  return first === undefined ? [] : [`until it runs, nobody ${first}`, ...more];
}

/** The same rows as one JSON value; `image` is this version's. */
export function agentsJson(stack: string, image: string, rows: readonly AgentRow[]): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    image,
    agents: rows.map((row) => snakeCase({ ...row })),
  };
}
