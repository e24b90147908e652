import type { Plan } from '../compiler/plan/plan.ts';
import type { CommandContext } from './io.ts';
import { colorFor, columnsOf, writeData } from './output.ts';
import type { Wording } from './render/apply-report.ts';
import { jsonView, plainView, terminalView, type EventView } from './render/events.ts';
import { PLAIN_WIDTH } from './render/text.ts';

const SOME_ROWS = 24;

/** The view that suits where the output goes: JSON lines to standard output, progress to a terminal, else plain lines. */
export function eventView(context: CommandContext, plan: Plan, wording: Wording): EventView {
  const { io, options } = context;
  if (options.json) return jsonView((text) => writeData(context, text));
  const view = { plan, wording, color: colorFor(context, io.stderr), verbose: options.verbose };
  const write = (text: string): void => void io.stderr.write(text);
  if (io.stderr.isTTY !== true || io.env['TERM'] === 'dumb') return plainView(view, write);
  return terminalView(view, {
    write,
    columns: () => columnsOf(io.stderr) ?? PLAIN_WIDTH,
    rows: () => io.stderr.rows ?? SOME_ROWS,
  });
}
