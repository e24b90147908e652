import { lines } from '../../runtime/log-lines.ts';
import type { Engine } from '../../runtime/engine.ts';
import { exitCode } from '../exit-code.ts';
import { listInstances, selectInstances, type ListedInstance } from '../instances.ts';
import type { CommandContext } from '../io.ts';
import { mergeByTime, splitTime, type LineSource, type TimedLine } from '../merge-lines.ts';
import { colorFor, writeData } from '../output.ts';
import { paint, type Paint, type Style } from '../render/paint.ts';
import { stackName } from '../stack-name.ts';

/** What `stack logs` is asked for. */
export interface LogsFlags {
  readonly file: string | undefined;
  readonly follow: boolean;
  /** Lines from the end of each; null for all. */
  readonly tail: number | null;
  readonly timestamps: boolean;
}

const COLORS: readonly Style[] = ['cyan', 'yellow', 'green', 'magenta', 'blue'];

/**
 * `stack logs [NAME]`: the output of instances, line by line, each with its name before it where there are several.
 * What is there already comes in the order of time; with `-f` lines go on as they come. Generations that failed
 * and are kept are shown as well: they are what one looks for.
 */
export async function logs(
  context: CommandContext,
  name: string | undefined,
  flags: LogsFlags,
): Promise<number> {
  const stack = await stackName(context, flags.file);
  const { engine } = await context.connect();
  const chosen = selectInstances(await listInstances(engine, stack), stack, name).filter(
    (one) => one.phase !== 'old' || one.engineName === name,
  );
  await showLogs(context, engine, chosen.map(source), flags);
  return exitCode.done;
}

/** A container whose output is shown, and the name that stands before its lines. */
export interface LogSource {
  readonly id: string;
  readonly label: string;
}

function source({ summary, instance, generation, phase }: ListedInstance): LogSource {
  return { id: summary.id, label: phase === 'current' ? instance : `${instance}.${generation}.${phase}` };
}

/** Writes the output of containers until it ends, or until nobody reads it any more. */
export async function showLogs(
  context: CommandContext,
  engine: Engine,
  sources: readonly LogSource[],
  flags: Omit<LogsFlags, 'file'>,
): Promise<void> {
  const signal = context.io.outputClosed;
  const opened = sources.map(
    (from): LineSource<LogSource> => ({
      from,
      lines: lines(
        engine.logs(from.id, { tail: flags.tail, follow: flags.follow, timestamps: true, signal }),
      ),
    }),
  );
  const show = lineWriter(context, sources, flags.timestamps);
  if (!flags.follow) {
    for await (const line of mergeByTime(opened)) {
      if (signal.aborted) return;
      show(line);
    }
    return;
  }
  await Promise.all(
    opened.map(async ({ from, lines: output }) => {
      try {
        for await (const line of output) show({ from, ...splitTime(line) });
      } catch (error) {
        // The reader left: the streams were cut off by ourselves.
        if (!signal.aborted) throw error;
      }
    }),
  );
}

function lineWriter(
  context: CommandContext,
  sources: readonly LogSource[],
  timestamps: boolean,
): (line: TimedLine<LogSource>) => void {
  const brush = paint(colorFor(context, context.io.stdout));
  const prefixes = new Map(prefixesOf(sources, brush));
  return ({ from, time, text }) => {
    const stamp = timestamps && time !== '' ? `${brush('dim', time)} ` : '';
    writeData(context, `${prefixes.get(from) ?? ''}${stamp}${text}\n`);
  };
}

/** A single container's output stays as it is, so that it can be piped on. */
function prefixesOf(sources: readonly LogSource[], brush: Paint): readonly (readonly [LogSource, string])[] {
  if (sources.length <= 1) return [];
  const width = Math.max(...sources.map(({ label }) => label.length));
  return sources.map((one, index) => {
    const color = COLORS[index % COLORS.length] ?? 'cyan';
    return [one, `${brush(color, `${one.label.padEnd(width)} │`)} `];
  });
}
