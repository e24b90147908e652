import type { PlanNode } from '../../compiler/plan/plan.ts';
import type { Holder } from '../../runtime/agent/agent-session.ts';
import type { ExecutionEvent, Failure } from '../../runtime/execution-event.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { ApplyReport } from './apply-report.ts';
import { isQuiet, operationText } from './operation.ts';
import type { Paint } from './paint.ts';
import { holderWords } from './holder.ts';
import { duration, fold, printable } from './text.ts';

const INDENT = '    ';

/** What the lines depend on. */
export interface EventStyle {
  readonly paint: Paint;
  readonly verbose: boolean;
  /** Whether starts get a line of their own; a terminal shows what runs in its live lines. */
  readonly starts: boolean;
  /** Columns of the terminal at the moment; null for a log, whose lines stay whole. */
  readonly columns: () => number | null;
}

/** Turns one event into the lines that stay: finished and failed operations, what was skipped, what was taken back. */
export function eventLines(
  report: ApplyReport,
  style: EventStyle,
): (event: ExecutionEvent) => readonly string[] {
  const { paint } = style;
  const skipped = new Set<string>();
  let isRefused = false;
  const shown = ({ op, group }: PlanNode) =>
    op.kind !== 'checkpoint' && (style.verbose || !isQuiet(op, report.changeOf(group)?.action ?? null));
  const fit = fitting(style.columns);
  const line = (mark: string, node: PlanNode, rest: string) =>
    fit(`${mark} ${paint('bold', report.nameOf(node.group))}  ${operationText(node.op)}${rest}`, '');

  return (event) => {
    switch (event.type) {
      case 'started':
        return [];
      case 'node-started':
        return style.starts && shown(event.node) && isSlow(event.node) ? line('…', event.node, '') : [];
      case 'node-progress':
        return isTold(event.node)
          ? [`${INDENT}${paint('dim', `${report.nameOf(event.node.group)} │`)} ${printable(event.line)}`]
          : [];
      case 'node-finished': {
        if (!shown(event.node)) return [];
        const note = event.note === null ? '' : `  ${printable(event.note)}`;
        return line(paint('green', '✓'), event.node, `  ${paint('dim', duration(event.tookMs))}${note}`);
      }
      case 'node-failed':
        return [
          ...line(paint('red', '✗'), event.node, `  failed after ${duration(event.tookMs)}`),
          ...failureLines(event.failure, fit, paint),
          ...nextLines(event.node, event.failure, report).flatMap((text) => fit(text, INDENT)),
        ];
      case 'node-stopped':
        // What was only waited for leaves nothing half done.
        if (isWatching(event.node) && !style.verbose) return [];
        return line(paint('yellow', '-'), event.node, `  stopped after ${duration(event.tookMs)}`);
      case 'node-skipped': {
        const { group } = event.node;
        const cause = report.groupOf(event.because);
        // One line a change: its further operations are skipped for the same reason. What has begun says itself
        // how far it came, and a checkpoint is nobody's change.
        if (skipped.has(group) || group === cause || report.hasBegun(group)) return [];
        if (report.changeOf(group) === undefined) return [];
        skipped.add(group);
        return fit(
          `${paint('yellow', '·')} ${paint('bold', report.nameOf(group))}  skipped: it waits for ${report.nameOf(cause ?? event.because)}`,
          '',
        );
      }
      case 'back-started':
        return fit(
          `${paint('yellow', '↺')} ${paint('bold', report.nameOf(event.container))}  goes back to its old generations: ${event.changes.map((id) => report.nameOf(id)).join(', ')}`,
          '',
        );
      case 'undo-started':
        return [];
      case 'undo-finished':
        return undoLines(event, report, fit, paint);
      case 'locked':
        isRefused = true;
        if (report.byItself) return fit(outrunLine(event.holder), '');
        return event.holder === null
          ? [
              ...fit(
                `${paint('red', 'error:')} the stack was changed after this plan was made; nothing was done`,
                '',
              ),
              ...fit('help: planned again, it shows what is to be done now', ''),
            ]
          : [
              ...fit(
                `${paint('red', 'error:')} the stack is locked: ${holderWords(event.holder)}; nothing was done`,
                '',
              ),
              ...fit(
                'help: `--lock-timeout SECONDS` waits for it; `stack unlock` takes the lock away from who is not there any more',
                '',
              ),
            ];
      case 'lock-lost':
        return fit(
          `${paint('red', 'error:')} the lock is lost${event.holder === null ? '' : ` to ${holderWords(event.holder)}`}: what is under way ends, nothing more is begun`,
          '',
        );
      case 'begun':
        return [];
      case 'not-ready':
        isRefused = true;
        return [
          ...event.problems.flatMap((problem) => fit(`${paint('red', 'error:')} ${printable(problem)}`, '')),
          ...fit('nothing but what the agent needs was done', ''),
        ];
      case 'not-begun':
        isRefused = true;
        return [
          ...fit(
            `${paint('red', 'error:')} nothing but what the agent needs was done: that it begins cannot be written into the journal: ${printable(event.why)}`,
            '',
          ),
          ...fit('help: `stack agent logs` may say more; apply again once the agent can write', ''),
        ];
      case 'journal-lost':
        return fit(
          `${paint('yellow', 'warning:')} the journal lacks some of this apply, and the next plan its times: ${printable(event.why)}`,
          '',
        );
      case 'not-kept':
        return fit(
          `${paint('yellow', 'warning:')} what this apply is made from is not kept whole, and \`stack rollback\` may not go back to it: ${printable(event.why)}`,
          '',
        );
      case 'finished':
        return isRefused ? [] : ['', ...fit(report.outcome(event), '')];
      default:
        return unreachable(event);
    }
  };
}

function isWatching({ op }: PlanNode): boolean {
  return op.kind === 'container.monitor' || op.kind === 'canary.bake';
}

/** Operations of which every line is shown. */
function isTold({ op }: PlanNode): boolean {
  return op.kind === 'migration.run' || op.kind === 'hook.run' || op.kind === 'image.build';
}

/** Operations that take long enough for a log to say that they have begun. */
function isSlow(node: PlanNode): boolean {
  return (
    node.op.kind === 'image.build' ||
    node.op.kind === 'image.push' ||
    node.op.kind === 'image.pull' ||
    node.op.kind === 'agent.build' ||
    node.op.kind === 'migration.run' ||
    node.op.kind === 'hook.run' ||
    node.op.kind === 'container.gate' ||
    node.op.kind === 'container.stop'
  );
}

/** Folds a text of ours; what containers write stays as they wrote it. */
type Fit = (text: string, indent: string) => readonly string[];

function fitting(columns: EventStyle['columns']): Fit {
  return (text, indent) => {
    const width = columns();
    return width === null ? [indent + text] : fold(text, width, indent, `${indent}  `);
  };
}

function failureLines(failure: Failure, fit: Fit, paint: Paint): readonly string[] {
  return [
    ...fit(paint('red', printable(failure.message)), INDENT),
    ...(failure.detail === null ? [] : fit(paint('dim', `the engine: ${printable(failure.detail)}`), INDENT)),
    ...(failure.log.length === 0 ? [] : [`${INDENT}its last log lines:`]),
    ...failure.log.map((text) => `${INDENT}  ${paint('dim', '│')} ${printable(text)}`),
  ];
}

/** What to type next. A failure's own help is nearer to the cause than ours. */
function nextLines(node: PlanNode, failure: Failure, report: ApplyReport): readonly string[] {
  if (report.isBack(node.id)) {
    const why = failure.help === null ? '' : `${failure.help}; `;
    return [
      `help: ${why}it was on its way back, and nothing else goes back; \`stack status\` says what serves, \`stack apply\` with a file that works puts it right`,
    ];
  }
  if (failure.help !== null) return [`help: ${failure.help}`];
  const subject = report.changeOf(node.group)?.subject;
  const name = subject?.kind === 'instance' ? subject.instance : null;
  return name === null ? [] : [`help: \`stack logs ${name}\`, fix the cause, and \`stack apply\` again`];
}

function undoLines(
  event: Extract<ExecutionEvent, { readonly type: 'undo-finished' }>,
  report: ApplyReport,
  fit: Fit,
  paint: Paint,
): readonly string[] {
  const name = paint('bold', report.nameOf(event.group));
  if (event.failures.length > 0) {
    return [
      `${paint('red', '✗')} ${name}  could not be taken back`,
      ...event.failures.flatMap((failure) => failureLines(failure, fit, paint)),
    ];
  }
  // An unlink succeeds where nothing was, and tells nobody anything.
  const texts = event.done.filter(({ kind }) => kind !== 'socket.unlink').map(operationText);
  const change = report.changeOf(event.group);
  const from = (report.isTurning(event.group) ? change?.to : change?.from) ?? null;
  const parts = [
    ...(texts.length === 0 ? [] : [`taken back: ${texts.join(', ')}`]),
    ...(from === null ? [] : [`generation ${from} stays`]),
  ];
  return parts.length === 0 ? [] : fit(`${paint('yellow', '↺')} ${name}  ${parts.join('; ')}`, '');
}

/** Who tries again by itself has no error of it, and nothing to unlock. */
function outrunLine(holder: Holder | null): string {
  return holder === null
    ? 'the stack was changed after this plan was made; nothing was done'
    : `somebody else changes the stack: ${holderWords(holder)}; nothing was done`;
}
