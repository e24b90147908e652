import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';
import { renderTable, type Cell } from './table.ts';
import { shorten } from './text.ts';

/** One line of `stack status`: a generation on the engine, or an instance that should be there. */
export interface StatusRow {
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number | null;
  /** The engine's word, `missing`, or `cron` for what has no instances. */
  readonly state: string;
  /** `none` where nothing asks. */
  readonly health: string;
  /** As the file or the label names it. */
  readonly image: string;
  readonly imageId: string | null;
  /** In the engine's words: `3 minutes`; null when it does not run. */
  readonly uptime: string | null;
  /** What a reader should know: held changes, failed generations, drift. */
  readonly notes: readonly string[];
}

const HEADINGS = ['INSTANCE', 'GEN', 'STATE', 'HEALTH', 'IMAGE', 'UPTIME', 'NOTE'];

const WIDEST_IMAGE = 40;

/** The table for people. */
export function renderStatus(stack: string, rows: readonly StatusRow[], color: boolean): string {
  if (rows.length === 0) return `Nothing of stack \`${stack}\` is on this engine.\n`;
  const several = new Set(rows.map((row) => row.application)).size > 1;
  return renderTable(
    HEADINGS,
    rows.map((row): readonly Cell[] => [
      { text: several ? `${row.application}/${row.instance}` : row.instance },
      { text: row.generation === null ? '' : String(row.generation) },
      { text: row.state, style: stateStyle(row.state) },
      { text: row.health === 'none' ? '' : row.health, style: healthStyle(row.health) },
      { text: imageText(row) },
      { text: row.uptime ?? '' },
      { text: row.notes.join('; ') },
    ]),
    color,
  );
}

/** The same rows as one JSON value. */
export function statusJson(stack: string, rows: readonly StatusRow[]): object {
  return { format_version: OUTPUT_FORMAT_VERSION, stack, instances: rows.map(snakeCase) };
}

function imageText({ image, imageId }: StatusRow): string {
  const id = imageId === null ? '' : imageId.replace(/^sha256:/, '').slice(0, 12);
  const name = image.startsWith('sha256:') ? '' : shorten(image, WIDEST_IMAGE);
  return [name, id].filter((part) => part !== '').join(' ');
}

function stateStyle(state: string): Cell['style'] {
  if (state === 'running') return 'green';
  if (state === 'created' || state === 'paused' || state === 'restarting') return 'yellow';
  return state === 'cron' ? 'cyan' : 'red';
}

function healthStyle(health: string): Cell['style'] {
  if (health === 'healthy') return 'green';
  return health === 'unhealthy' ? 'red' : 'yellow';
}
