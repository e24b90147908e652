import type { CommandContext } from './io.ts';
import { colorFor, writeData } from './output.ts';
import { paint, type Style } from './render/paint.ts';

/** A container whose output is shown. */
export interface LogSource {
  readonly id: string;
  /** What stands before its lines. */
  readonly label: string;
  /** What it is one of: lines of a single group stay as they are, so that they can be piped on. */
  readonly group: string;
}

/** Writes lines of several sources. */
export interface LineWriter {
  /** A source joins; call it before its first line. */
  join(source: LogSource): void;
  show(source: LogSource, line: { readonly time: string; readonly text: string }): void;
}

const COLORS: readonly Style[] = ['cyan', 'yellow', 'green', 'magenta', 'blue'];

/** Puts names before lines once there is more than one group. */
export function lineWriter(context: CommandContext, timestamps: boolean): LineWriter {
  const brush = paint(colorFor(context, context.io.stdout));
  const colors = new Map<LogSource, Style>();
  const groups = new Set<string>();
  let width = 0;
  return {
    join: (source) => {
      colors.set(source, COLORS[colors.size % COLORS.length] ?? 'cyan');
      groups.add(source.group);
      width = Math.max(width, source.label.length);
    },
    show: (source, { time, text }) => {
      const label = brush(colors.get(source) ?? 'cyan', `${source.label.padEnd(width)} │`);
      const stamp = timestamps && time !== '' ? `${brush('dim', time)} ` : '';
      writeData(context, `${groups.size > 1 ? `${label} ` : ''}${stamp}${text}\n`);
    },
  };
}
