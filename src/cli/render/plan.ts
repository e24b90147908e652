import { isPending, type Action, type Change, type Plan, type Reason } from '../../compiler/plan/plan.ts';
import { actionWords, countActions } from './actions.ts';
import { operationText } from './operation.ts';
import { paint, type Paint } from './paint.ts';
import { changeNames, idleIds, subjectNames, type SubjectName } from './subject.ts';
import { reasonLines } from './reason.ts';
import { flow, plural, printable } from './text.ts';

/** How a plan is shown. */
export interface PlanStyle {
  readonly color: boolean;
  /** Unchanged things too, values at their full length, and one line a node. */
  readonly verbose: boolean;
}

const INDENT = '    ';

/** Actions whose own names would say too much: nothing is done, and nothing runs by the clock yet. */
const ACTION_NAMES: Readonly<Partial<Record<Action, string>>> = { none: 'same', schedule: 'cron' };

/** Longer names stand alone instead of pushing every other line to the right. */
const WIDEST_NAME = 32;

/**
 * Shows a plan to people: one block a change in the order of the work, each with its reasons, and a last line of
 * counts. Plain text without colours, at most 100 columns wide where no single word is longer.
 */
export function renderPlan(plan: Plan, style: PlanStyle): string {
  const brush = paint(style.color);
  const name = subjectNames(plan);
  const nameOf = changeNames(plan);
  const isIdle = idleIds(plan);
  // What runs by the clock is news only beside something that changes.
  const quiet = plan.changes.some(isPending) ? ['none'] : ['none', 'schedule'];
  const shown = plan.changes.filter((change) => style.verbose || !quiet.includes(change.action));
  const width = nameWidth(shown, name);
  const firsts = new Map<string, Change>();
  const blocks = shown.map((change) => {
    const waits = change.waitsFor.filter((id) => !isIdle(id)).map(nameOf);
    const lines = detailLines(change, style, brush);
    // Ten instances with the same reasons are not ten times as long to read.
    const likeness = lines.length < 3 ? null : likenessOf(change, lines);
    const twin = likeness === null || style.verbose ? undefined : firsts.get(likeness);
    if (likeness !== null && twin === undefined) firsts.set(likeness, change);
    return [
      ...header(change, name, width, brush),
      ...(twin === undefined ? lines : [`${INDENT}the same as ${name(twin.subject)}`]),
      ...(waits.length === 0
        ? []
        : flow(waits, ', ', `${INDENT}waits for  `, `${INDENT}           `).map((line) =>
            brush('dim', line),
          )),
    ].join('\n');
  });
  const nodes = style.verbose && plan.nodes.length > 0 ? [nodeLines(plan, brush)] : [];
  return `${[...paragraphs(blocks), ...nodes, summaryLine(plan)].join('\n\n')}\n`;
}

/** Equal for instances of one container that are changed in the same way; null for everything else. */
function likenessOf({ action, subject }: Change, lines: readonly string[]): string | null {
  if (subject.kind !== 'instance') return null;
  return [action, subject.application, subject.container, ...lines].join('\n');
}

/** Only lines with something after the name are aligned. */
function nameWidth(changes: readonly Change[], name: SubjectName): number {
  const lengths = changes
    .filter((change) => headerSegments(change).length > 0)
    .map((change) => name(change.subject).length)
    .filter((length) => length <= WIDEST_NAME);
  return Math.max(0, ...lengths);
}

/** `Plan: 2 to create, 1 held.`, or `Nothing to do: 5 unchanged.` */
export function summaryLine(plan: Pick<Plan, 'changes'>): string {
  const counts = countActions(plan.changes)
    .map(([action, count]) => `${count} ${actionWords[action].planned}`)
    .join(', ');
  if (counts === '') return 'Nothing to do: the stack is empty.';
  return plan.changes.some(isPending) ? `Plan: ${counts}.` : `Nothing to do: ${counts}.`;
}

/** Blocks of one line stand together; longer ones keep a line of air. */
function paragraphs(blocks: readonly string[]): readonly string[] {
  const result: string[] = [];
  let together = false;
  for (const block of blocks) {
    const short = !block.includes('\n');
    if (together && short) result.push(`${result.pop() ?? ''}\n${block}`);
    else result.push(block);
    together = short;
  }
  return result;
}

function header(change: Change, name: SubjectName, width: number, brush: Paint): readonly string[] {
  const words = actionWords[change.action];
  const action = ACTION_NAMES[change.action] ?? change.action;
  const subject = name(change.subject);
  const segments = headerSegments(change);
  const start = `${words.symbol} ${action.padEnd(8)} `;
  const padded = segments.length === 0 ? subject : subject.padEnd(width);
  const lines = flow([padded, ...segments], '   ', start, INDENT);
  return lines.map((line, index) =>
    index === 0
      ? `${brush(words.style, line.slice(0, start.length))}${brush('bold', subject)}${line.slice(start.length + subject.length)}`.trimEnd()
      : line.trimEnd(),
  );
}

function headerSegments(change: Change): readonly string[] {
  const segments: string[] = [];
  if (change.from !== null && change.to !== null && change.from !== change.to) {
    segments.push(`generation ${change.from} → ${change.to}`);
  } else if (change.from === null && change.to !== null && change.to > 1) {
    segments.push(`generation ${change.to}`);
  }
  if (change.strategy !== null) segments.push(`${change.strategy.order} (${printable(change.strategy.why)})`);
  if (change.gate !== null) segments.push(`ready: ${printable(change.gate)}`);
  return segments;
}

function detailLines(change: Change, style: PlanStyle, brush: Paint): readonly string[] {
  const held =
    change.action === 'hold'
      ? [brush('magenta', `${INDENT}held: ${plural(change.reasons.length, 'change')}`)]
      : [];
  return [
    ...held,
    ...change.reasons
      .filter((reason) => !isObvious(change, reason))
      .flatMap((reason) => reasonLines(reason, style.verbose))
      .map((line) => INDENT + line),
    ...change.notes.map((note) => brush('dim', INDENT + printable(note))),
  ];
}

/** That something is created because it is missing needs no words. */
function isObvious({ action }: Change, { kind, to }: Reason): boolean {
  return (
    kind === 'missing' && (action === 'pull' || (to === null && (action === 'create' || action === 'build')))
  );
}

function nodeLines(plan: Plan, brush: Paint): string {
  const width = Math.max(...plan.nodes.map((node) => node.id.length).filter((length) => length <= 60), 0);
  const lines = plan.nodes.map((node) => {
    const after = node.after.length === 0 ? '' : `   after ${node.after.join(', ')}`;
    const reason = node.reason === '' ? '' : `   (${printable(node.reason)})`;
    const mark = node.destructive ? brush('red', '!') : ' ';
    return `${mark} ${node.id.padEnd(width)}   ${operationText(node.op)}${reason}${brush('dim', after)}`;
  });
  return `Operations:\n${lines.join('\n')}`;
}
