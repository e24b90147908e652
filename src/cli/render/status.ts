import { shortId } from '../../compiler/short-id.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';
import { renderTable, tableWidth, type Cell } from './table.ts';
import { fold, printable, shortDigests, shorten } from './text.ts';

/** One line of `stack status`: a generation on the engine, or an instance that should be there. */
export interface StatusRow {
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number | null;
  /** The engine's word, `missing`, or `cron` for what has no instances. */
  readonly state: string;
  /** `healthy`, `unhealthy`, `no answer`, `starting`; `none` where nothing can be asked. */
  readonly health: string;
  /** What an unhealthy one answered, or why it did not. */
  readonly healthWhy: string | null;
  /** Of the container on the engine; null where there is none. */
  readonly name: string | null;
  readonly id: string | null;
  /** As the file or the label names it. */
  readonly image: string;
  readonly imageId: string | null;
  /** In the engine's words: `3 minutes`; null when it does not run. */
  readonly uptime: string | null;
  /** RFC 3339; of the last start. Null when it never started. */
  readonly startedAt: string | null;
  /** Whole seconds; null when it does not run. */
  readonly uptimeS: number | null;
  /** What a reader should know: held changes, failed generations, drift. */
  readonly notes: readonly string[];
  /** False for what does not run or answer, and for what somebody has changed by hand. */
  readonly ok: boolean;
}

const HEADINGS = ['INSTANCE', 'GEN', 'STATE', 'HEALTH', 'IMAGE', 'UPTIME', 'NOTE'];

/** How the table is shown. */
export interface StatusStyle {
  readonly color: boolean;
  /** Columns of the terminal; null where lines have no edge and nothing is left out. */
  readonly width: number | null;
}

/** What is left of a table that is too wide. */
interface Layout {
  readonly image: 'with id' | 'whole' | 'last part';
  readonly notes: 'beside' | 'below';
  readonly uptime: boolean;
}

/** From everything to the least, each narrower than the one before; what tells one row from another goes last. */
const LAYOUTS: readonly Layout[] = [
  { image: 'with id', notes: 'beside', uptime: true },
  { image: 'whole', notes: 'beside', uptime: true },
  { image: 'whole', notes: 'below', uptime: true },
  { image: 'last part', notes: 'below', uptime: true },
  { image: 'last part', notes: 'below', uptime: false },
];

const IMAGE_COLUMN = HEADINGS.indexOf('IMAGE');

/** Names are cut to no less than this. */
const SHORTEST_CELL = 6;

/** The table for people: of the layouts that fit the terminal, the one that tells the most. */
export function renderStatus(
  stack: string,
  rows: readonly StatusRow[],
  { color, width }: StatusStyle,
): string {
  if (rows.length === 0) return `No container of stack \`${stack}\` is on this engine.\n`;
  const several = new Set(rows.map(({ application }) => application).filter((name) => name !== '')).size > 1;
  let cells: readonly (readonly Cell[])[] = [];
  for (const layout of LAYOUTS) {
    cells = rows.map((row) => cellsOf(row, layout, several));
    const fits = width === null || tableWidth(HEADINGS, cells) <= width;
    if (!fits) continue;
    return table(cells, layout.notes === 'beside' ? [] : rows, { color, width });
  }
  return table(narrowed(cells, width ?? 0), rows, { color, width });
}

function cellsOf(row: StatusRow, { image, notes, uptime }: Layout, several: boolean): readonly Cell[] {
  return [
    { text: several && row.application !== '' ? `${row.application}/${row.instance}` : row.instance },
    { text: row.generation === null ? '' : String(row.generation) },
    { text: row.state, style: stateStyle(row.state) },
    { text: healthText(row, notes), style: healthStyle(row.health) },
    { text: imageText(row, image) },
    { text: uptime ? (row.uptime ?? '') : '' },
    { text: notes === 'beside' ? noteText(row) : '' },
  ];
}

/** Notes that have no room beside their row stand below it. */
function table(
  cells: readonly (readonly Cell[])[],
  noted: readonly StatusRow[],
  { color, width }: StatusStyle,
): string {
  const lines = renderTable(HEADINGS, cells, color).trimEnd().split('\n');
  const below = (index: number) => {
    const row = noted[index - 1];
    const text = row === undefined ? '' : [...whyText(row), noteText(row)].filter(Boolean).join('; ');
    return text === '' ? [] : fold(text, width ?? Infinity, NOTE_INDENT, `${NOTE_INDENT}  `);
  };
  return lines
    .flatMap((line, index) => [line, ...below(index)])
    .map((line) => `${line}\n`)
    .join('');
}

const NOTE_INDENT = '    ';

const WIDEST_WHY = 60;

/** The last resort: the image's name is cut, and the instance's when that is not enough. */
function narrowed(cells: readonly (readonly Cell[])[], width: number): readonly (readonly Cell[])[] {
  let narrow = cells;
  for (const column of [IMAGE_COLUMN, 0]) {
    const over = tableWidth(HEADINGS, narrow) - width;
    if (over <= 0) return narrow;
    const widest = Math.max(...narrow.map((row) => row[column]?.text.length ?? 0));
    const room = Math.max(SHORTEST_CELL, widest - over);
    narrow = narrow.map((row) =>
      row.map((cell, at) => (at === column ? { ...cell, text: shorten(cell.text, room) } : cell)),
    );
  }
  return narrow;
}

/** Why it is not healthy stands with the notes where they have no room beside the row. */
function healthText(row: StatusRow, notes: Layout['notes']): string {
  if (row.health === 'none') return row.state === 'running' ? '–' : '';
  return [row.health, ...(notes === 'beside' ? whyText(row) : [])].join(': ');
}

function whyText({ healthWhy }: StatusRow): readonly string[] {
  return healthWhy === null ? [] : [shorten(printable(healthWhy), WIDEST_WHY)];
}

function noteText({ notes }: StatusRow): string {
  return notes.join('; ');
}

/** The same rows as one JSON value. */
export function statusJson(stack: string, rows: readonly StatusRow[]): object {
  // The engine's words for the uptime are for people.
  const instances = rows.map(({ uptime: _words, ...row }) => snakeCase(row));
  return { format_version: OUTPUT_FORMAT_VERSION, stack, instances };
}

function imageText({ image, imageId }: StatusRow, shown: Layout['image']): string {
  const name = image.startsWith('sha256:') ? '' : shortDigests(image);
  // What has no name is called by its id, however narrow it gets.
  const id = imageId === null || (shown !== 'with id' && name !== '') ? '' : shortId(imageId);
  const last = name.slice(name.lastIndexOf('/') + 1);
  const text = shown === 'last part' && last !== name ? `…/${last}` : name;
  return [text, id].filter((part) => part !== '').join(' ');
}

function stateStyle(state: string): Cell['style'] {
  if (state === 'running') return 'green';
  if (state === 'created' || state === 'paused' || state === 'restarting') return 'yellow';
  return state === 'cron' ? 'cyan' : 'red';
}

function healthStyle(health: string): Cell['style'] {
  if (health === 'healthy') return 'green';
  if (health === 'none') return undefined;
  return health === 'starting' ? 'yellow' : 'red';
}
