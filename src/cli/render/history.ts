import {
  commitOf,
  countsOf,
  cutOffAt,
  type Revision,
  type RevisionStep,
} from '../../compiler/journal/revisions.ts';
import { partsOf } from '../../compiler/cron/job.ts';
import { isUpkeep } from '../../compiler/heal/settled.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { paint, type Paint, type Style } from './paint.ts';
import { renderTable, type Cell } from './table.ts';
import { duration, fold, minute, plural, printable, shorten } from './text.ts';

const HEADINGS = ['REVISION', 'WHEN (UTC)', 'WHO', 'COMMIT', 'DONE', 'TOOK', 'RESULT'];

/** So that a row has room in 80 columns. */
const WHO_CHARACTERS = 18;
const COMMIT_CHARACTERS = 7;
/** Instances that a healing is told by. */
const MOST_HEALED = 2;

/** How text for people looks; null: lines have no edge. */
export interface HistoryStyle {
  readonly color: boolean;
  readonly width: number | null;
}

/** The apply that holds the lock, by its id; null: none does, or nobody can tell. */
export type GoingOn = string | null;

type Result = 'done' | 'failed' | 'stopped' | 'cut off' | 'goes on';

const STYLES: Readonly<Record<Result, Style>> = {
  done: 'green',
  failed: 'red',
  stopped: 'yellow',
  'cut off': 'red',
  'goes on': 'yellow',
};

/** The revisions of a stack, newest first. */
export function renderHistory(
  revisions: readonly Revision[],
  { color }: Pick<HistoryStyle, 'color'>,
  goingOn: GoingOn = null,
): string {
  const rows = revisions.toReversed().map((revision): readonly Cell[] => {
    const { end, operations } = revision;
    return [
      { text: String(revision.revision), style: 'bold' },
      { text: minute(revision.atMs) },
      { text: shorten(printable(whoOf(revision)), WHO_CHARACTERS) },
      { text: commitText(commitOf(revision, revisions)) },
      { text: `${countsOf(revision).done}/${operations}` },
      { text: end === null ? '' : duration(end.tookMs) },
      {
        text: `${resultWords(revision, goingOn)}${revision.of === null ? '' : ` (${commandWords(revision)}${healedWords(revision)})`}`,
        style: STYLES[resultOf(revision, goingOn)],
      },
    ];
  });
  return renderTable(HEADINGS, rows, color);
}

/** One revision with its operations. */
export function renderRevision(
  stack: string,
  revision: Revision,
  revisions: readonly Revision[],
  { color, width }: HistoryStyle,
  goingOn: GoingOn = null,
): string {
  const brush = paint(color);
  const fit = (text: string, first = '', rest = first): readonly string[] =>
    width === null ? [first + text] : fold(text, width, first, rest);
  const { end, file, steps, takenBack, changes } = revision;
  const commit = commitOf(revision, revisions);
  const took = end === null ? '' : ` after ${duration(end.tookMs)}`;
  const result = brush(STYLES[resultOf(revision, goingOn)], resultWords(revision, goingOn));
  const lost = revision.operations - steps.filter(({ isBack }) => !isBack).length;
  const what = revision.command === 'apply' ? '' : ` (${commandWords(revision)})`;
  return [
    ...fit(`Revision ${revision.revision} of stack \`${stack}\`${what}: ${result}${took}`),
    ...fit(
      `${second(revision.atMs)} by ${printable(whoOf(revision))}, stackc ${printable(revision.program)}`,
    ),
    ...(commit === null ? [] : fit(commitLine(commit, revision))),
    ...(file === null ? [] : fit(`stack file sha256:${printable(file)}`)),
    '',
    ...changes.flatMap(({ id, action, from, to, fields }) => {
      const generations = from === null && to === null ? '' : `  generation ${from ?? '-'} → ${to ?? '-'}`;
      const why = fields.length === 0 ? '' : `  ${fields.map(printable).join(', ')}`;
      return fit(`${action.padEnd(8)} ${printable(id)}${generations}${why}`, '', '    ');
    }),
    ...(changes.length === 0 ? [] : ['']),
    ...steps.flatMap((step) => stepLines(step, revision.atMs, { brush, fit })),
    ...(takenBack.length === 0 ? [] : fit(`taken back: ${takenBack.map(printable).join(', ')}`)),
    ...(lost > 0 ? fit(`${plural(lost, 'operation')} of its plan cannot be read any more`) : []),
    countsText(revision),
    '',
  ].join('\n');
}

const MARKS: Readonly<Record<RevisionStep['result'], readonly [Style, string]>> = {
  done: ['green', '✓'],
  failed: ['red', '✗'],
  stopped: ['yellow', '-'],
  begun: ['red', '?'],
  left: ['dim', '·'],
};

interface Fitting {
  readonly brush: Paint;
  readonly fit: (text: string, first?: string, rest?: string) => readonly string[];
}

function stepLines(step: RevisionStep, sinceMs: number, { brush, fit }: Fitting): readonly string[] {
  const [style, mark] = MARKS[step.result];
  const at = step.atMs === null ? '' : `+${duration(step.atMs - sinceMs)}`;
  const took = step.tookMs === null ? '' : `  ${duration(step.tookMs)}`;
  const words = {
    done: '',
    failed: '  failed',
    stopped: '  stopped',
    begun: '  begun, no end known',
    left: '  not begun',
  };
  const text = `${brush(style, mark)} ${at.padStart(8)}  ${printable(step.id)}${took}${words[step.result]}`;
  const { failure } = step;
  if (failure === null) return fit(text, '', '    ');
  return [
    ...fit(text, '', '    '),
    ...fit(brush('red', printable(failure.message)), '    '),
    ...(failure.log.length === 0 ? [] : ['    its last log lines:']),
    ...failure.log.map((line) => `      ${brush('dim', '│')} ${printable(line)}`),
  ];
}

function countsText(revision: Revision): string {
  const { done, failed, left, back } = countsOf(revision);
  return [
    `${done} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(left > 0 ? [`${left} left`] : []),
    ...(back.all > 0 ? [`${back.done} of ${back.all} on the way back done`] : []),
  ].join(', ');
}

/** The revisions as one JSON value, `kept` those that can be gone back to; what is long only of one that was asked for. */
export function historyJson(
  stack: string,
  revisions: readonly Revision[],
  kept: ReadonlySet<number>,
  goingOn: GoingOn = null,
): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    revisions: revisions.toReversed().map((revision) => ({
      ...summaryJson(revision, revisions, goingOn),
      kept: kept.has(revision.revision),
    })),
  };
}

/** One revision as a JSON value. */
export function revisionJson(
  stack: string,
  revision: Revision,
  revisions: readonly Revision[],
  goingOn: GoingOn = null,
): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    ...summaryJson(revision, revisions, goingOn),
    changes: revision.changes,
    taken_back: revision.takenBack,
    steps: revision.steps.map(({ id, group, op, isBack, result, atMs, tookMs, failure }) => ({
      id,
      group,
      op,
      back: isBack,
      result,
      at: atMs === null ? null : new Date(atMs).toISOString(),
      took_ms: tookMs,
      failure,
    })),
  };
}

function summaryJson(revision: Revision, revisions: readonly Revision[], goingOn: GoingOn): object {
  const commit = commitOf(revision, revisions);
  const counts = countsOf(revision);
  const result = resultOf(revision, goingOn);
  const { end, atMs, operations, command, of, user, host, program, file } = revision;
  return {
    revision: revision.revision,
    at: new Date(atMs).toISOString(),
    command,
    of,
    user,
    host,
    program,
    file,
    git: commit?.git ?? null,
    git_of: commit?.revision ?? null,
    result: result.replace(' ', '_'),
    took_ms: end?.tookMs ?? null,
    operations,
    done: end === null ? null : counts.done,
    failed: end === null ? null : counts.failed,
    left: end === null ? null : counts.left,
    counts: revision.counts ?? [],
    cut_off_at: result === 'cut off' ? cutOffAt(revision) : [],
  };
}

function resultOf({ end, apply }: Revision, goingOn: GoingOn): Result {
  return end?.result ?? (apply === goingOn ? 'goes on' : 'cut off');
}

/** `done`, `cut off at shop/app1 publish 2`. */
function resultWords(revision: Revision, goingOn: GoingOn): string {
  const { command, end } = revision;
  if (command === 'destroy' && end?.result === 'done') return 'destroyed';
  const result = resultOf(revision, goingOn);
  return result === 'cut off' ? `cut off ${whereOf(revision)}` : result;
}

/** `rollback to 41`, `resume of 42`, `heal of 42`, `scale of 42: app 2 → 4`. */
function commandWords({ command, of, counts = [] }: Revision): string {
  if (of === null) return command;
  const words = `${command} ${command === 'resume' || isUpkeep(command) ? 'of' : 'to'} ${of}`;
  const steps = counts
    .filter(({ from, to }) => from !== to)
    .map(({ container, from, to }) => `${printable(partsOf(container)[1])} ${from} → ${to}`);
  return steps.length === 0 ? words : `${words}: ${steps.join(', ')}`;
}

/** `: app0, app1`; `: app0, app1 and 3 more`. */
function healedWords({ command, changes }: Revision): string {
  if (command !== 'heal') return '';
  const names = changes.flatMap(({ id, action }) =>
    action === 'none' || !id.includes('/') ? [] : [printable(id.slice(id.indexOf('/') + 1))],
  );
  if (names.length === 0) return '';
  const more = names.length - MOST_HEALED;
  return `: ${names.slice(0, MOST_HEALED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `at shop/app1 publish 2`, `at … and 2 more`. */
export function whereOf(revision: Revision): string {
  const [first, ...more] = cutOffAt(revision);
  if (first === undefined) return 'before its first operation';
  return `at ${printable(first)}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

type Commit = ReturnType<typeof commitOf>;

function commitText(commit: Commit): string {
  if (commit === null) return '';
  return `${commit.git.commit.slice(0, COMMIT_CHARACTERS)}${commit.git.dirty ? '*' : ''}`;
}

function commitLine({ git, revision }: NonNullable<Commit>, { revision: number }: Revision): string {
  const dirty = git.dirty ? ', from which the file differs' : '';
  const of = revision === number ? '' : ` (of revision ${revision})`;
  return `commit ${printable(git.commit)}${of}${dirty}`;
}

export function whoOf({ user, host }: Pick<Revision, 'user' | 'host'>): string {
  return `${user}@${host}`;
}

export function second(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
