import type { Engine } from '../../runtime/engine.ts';
import { lines } from '../../runtime/log-lines.ts';
import { exitCode } from '../exit-code.ts';
import { followLogs } from '../follow-logs.ts';
import {
  demandDaemons,
  demandKnown,
  isMeant,
  listContainers,
  listed,
  selectContainers,
  type ListedContainer,
} from '../instances.ts';
import type { CommandContext } from '../io.ts';
import { lineWriter, type LogSource } from '../line-writer.ts';
import { mergeByTime, type LineSource } from '../merge-lines.ts';
import { writeNote } from '../output.ts';
import { namedStack } from '../stack-name.ts';
import { listStacks, otherStacks } from '../stacks.ts';

/** How much of an output is shown. */
export interface LogsFlags {
  readonly file: string | undefined;
  readonly follow: boolean;
  /** Lines from the end of each; null for all. */
  readonly tail: number | null;
  readonly timestamps: boolean;
}

/**
 * `stack logs [NAME…]`: the output of instances, line by line, each with its name before it where there are several.
 * What is there already comes in the order of time; with `-f` lines go on as they come, from new generations too, until
 * Ctrl-C. Generations that failed and are kept are shown as well: they are what one looks for.
 */
export async function logs(
  context: CommandContext,
  names: readonly string[],
  flags: LogsFlags,
): Promise<number> {
  const named = await namedStack(context, flags.file);
  const { engine } = await context.connect();
  // One that was replaced and is kept has its say only when it is asked.
  const isWanted = (one: ListedContainer) =>
    isMeant(one, names) && (one.phase !== 'old' || names.includes(one.engineName));
  if (flags.follow) {
    return followLogs(context, engine, {
      stack: named.stack,
      find: async () => {
        const all = await listContainers(engine, named.stack);
        demandKnown(named, all, names);
        demandDaemons(named, all, names);
        if (all.length === 0 && named.spec === null) {
          writeNote(context, otherStacks(named.stack, await listStacks(engine)));
        }
        return all.filter(isWanted);
      },
      read: listed,
      isWanted: (one) => isMeant(one, names),
      what: names.length === 0 ? `stack \`${named.stack}\`` : names.map((name) => `\`${name}\``).join(', '),
      tail: flags.tail,
      timestamps: flags.timestamps,
    });
  }
  const all = await listContainers(engine, named.stack);
  const chosen = (await selectContainers(engine, named, all, names)).filter(isWanted);
  for (const one of chosen) {
    if (one.state === 'created')
      writeNote(context, `${labelOf(one)} has never been started: it has no output`);
  }
  await showLogs(context, engine, chosen.map(sourceOf), flags);
  return exitCode.done;
}

function sourceOf(one: ListedContainer): LogSource {
  return { id: one.id, label: labelOf(one), group: labelOf(one) };
}

/** `app0`, `app0.3.failed`, or the engine's name of what is no instance. */
export function labelOf({ role, engineName, instance, generation, phase }: ListedContainer): string {
  if (role !== 'instance') return engineName;
  return phase === 'current' ? instance : `${instance}.${generation}.${phase}`;
}

/** Writes the output of containers that is there, in the order of time. */
export async function showLogs(
  context: CommandContext,
  engine: Engine,
  sources: readonly LogSource[],
  { tail, timestamps }: Pick<LogsFlags, 'tail' | 'timestamps'>,
): Promise<void> {
  const signal = context.io.outputClosed;
  const writer = lineWriter(context, timestamps);
  for (const source of sources) writer.join(source);
  const opened = sources.map(
    (from): LineSource<LogSource> => ({
      from,
      lines: lines(engine.logs(from.id, { tail, follow: false, timestamps: true, signal })),
    }),
  );
  for await (const line of mergeByTime(opened)) {
    if (signal.aborted) return;
    writer.show(line.from, line);
  }
}
