import type { NodeId, Plan, PlanNode } from '../../compiler/plan/plan.ts';
import type { ExecutionEvent } from '../../runtime/execution-event.ts';
import { applyReport, type ApplyReport, type Wording } from './apply-report.ts';
import { eventLines } from './event-lines.ts';
import { eventJson } from './events-json.ts';
import { operationText } from './operation.ts';
import { paint } from './paint.ts';
import { liveLines, type LiveLine, type Screen } from './progress.ts';
import { duration, printable } from './text.ts';

/** Shows a walk while it goes on. */
export interface EventView {
  show(event: ExecutionEvent): void;
  /** Draws the time that passes, and below it `line`; does nothing where nothing is redrawn. */
  tick(nowMs: number, line: string | null): void;
  /** A line of the command's own (`stopping …`). */
  say(line: string): void;
  /** Leaves the screen in order, also when the walk was cut off. */
  close(): void;
}

/** How events are written. */
export interface EventViewOptions {
  readonly plan: Plan;
  readonly wording: Wording;
  readonly color: boolean;
  readonly verbose: boolean;
}

const OVER: ReadonlySet<ExecutionEvent['type']> = new Set(['node-finished', 'node-failed', 'node-stopped']);

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** For a terminal: what runs is drawn anew at the bottom, what is done scrolls. */
export function terminalView(options: EventViewOptions, screen: Screen): EventView {
  const report = applyReport(options.plan, options.wording);
  const brush = paint(options.color);
  const toLines = eventLines(report, {
    paint: brush,
    verbose: options.verbose,
    starts: false,
    columns: () => screen.columns(),
  });
  const live = liveLines(screen);
  const running = new Map<NodeId, { readonly node: PlanNode; readonly sinceMs: number; line: string }>();
  let turn = 0;
  let bottom: string | null = null;

  const draw = (nowMs: number) => {
    const mark = brush('cyan', SPINNER[turn % SPINNER.length] ?? '*');
    const lines = [...running.values()].map(({ node, sinceMs, line }): LiveLine => {
      const since = nowMs - sinceMs;
      const time = since < 1000 ? '' : `  ${duration(Math.floor(since / 1000) * 1000)}`;
      const detail = line === '' ? '' : `  ${printable(line)}`;
      return { mark, text: `${report.nameOf(node.group)}  ${operationText(node.op)}${time}${detail}` };
    });
    live.draw(bottom === null ? lines : [...lines, { mark: brush('cyan', '»'), text: bottom }]);
  };

  return {
    show: (event) => {
      report.note(event);
      if (event.type === 'node-started' && event.node.op.kind !== 'checkpoint') {
        running.set(event.node.id, { node: event.node, sinceMs: event.atMs, line: '' });
      }
      if (event.type === 'node-progress') {
        const entry = running.get(event.node.id);
        if (entry !== undefined) entry.line = event.line;
      }
      if (OVER.has(event.type) && 'node' in event) running.delete(event.node.id);
      if (event.type === 'finished') {
        live.clear();
        running.clear();
        bottom = null;
      }
      live.scroll(toLines(event));
      draw(event.atMs);
    },
    tick: (nowMs, line) => {
      if (running.size === 0) return;
      bottom = line;
      turn += 1;
      draw(nowMs);
    },
    say: (line) => live.scroll([line]),
    close: () => live.clear(),
  };
}

/** For everything else: one line each with its time (UTC), nothing drawn twice. */
export function plainView(options: EventViewOptions, write: (text: string) => void): EventView {
  const report: ApplyReport = applyReport(options.plan, options.wording);
  const toLines = eventLines(report, {
    paint: paint(options.color),
    verbose: options.verbose,
    starts: true,
    columns: () => null,
  });
  let now = 0;
  const stamped = (line: string) =>
    line === '' ? '' : `${new Date(now).toISOString().slice(0, 19)}Z  ${line}\n`;
  return {
    show: (event) => {
      report.note(event);
      now = event.atMs;
      const text = toLines(event).map(stamped).join('');
      if (text !== '') write(text);
    },
    tick: () => undefined,
    say: (line) => write(stamped(line)),
    close: () => undefined,
  };
}

/** For programs: one JSON object a line. */
export function jsonView(write: (text: string) => void): EventView {
  return {
    show: (event) => write(`${JSON.stringify(eventJson(event))}\n`),
    tick: () => undefined,
    say: () => undefined,
    close: () => undefined,
  };
}
