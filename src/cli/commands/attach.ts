import type { ContainerDetails, Engine } from '../../runtime/engine.ts';
import { workerName } from '../../compiler/names.ts';
import { lineSplitter } from '../../agent/line-splitter.ts';
import { begunIn, LONGEST_LINE } from '../detach/handed.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext, Interruption } from '../io.ts';
import { writeData, writeNote } from '../output.ts';
import { second } from '../render/history.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/**
 * `stack attach`: follows an apply that goes on by itself, from its begin, and ends as it ends; Ctrl-C leaves it alone. One that
 * is over is told as well, until the next one begins.
 */
export async function attach(context: CommandContext, file: string | undefined): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { io } = context;
  const { engine } = await context.connect();
  const found = await engine.findContainer(workerName(stack));
  if (found === null) {
    if (spec === null) await demandStack(engine, stack);
    throw new CommandFailure(
      exitCode.failed,
      `no apply of stack \`${stack}\` goes on by itself`,
      '`stack status` and `stack history` tell of the last one',
    );
  }
  if (found.state === 'created')
    throw new CommandFailure(
      exitCode.failed,
      `the apply that was handed over to \`${workerName(stack)}\` has not begun; nothing was done so far`,
      'if nobody is about to begin it, do it again',
    );
  const over = new AbortController();
  let interruption: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    interruption = signal;
    over.abort();
  });
  try {
    const isOver = found.state !== 'running' && found.state !== 'paused';
    const telling = isOver ? replay(context, found) : follow(context);
    const told = { stdout: 0, stderr: 0 };
    const tell = async (isFollowed: boolean): Promise<void> => {
      const options = { tail: null, follow: isFollowed, timestamps: false, signal: over.signal };
      const seen = { stdout: 0, stderr: 0 };
      for await (const { stream, line } of linesOf(engine.logs(found.id, options))) {
        seen[stream] += 1;
        if (seen[stream] <= told[stream]) continue;
        told[stream] = seen[stream];
        telling.line(stream, line);
      }
    };
    if (!isOver) await tell(true);
    if (interruption !== null) return left(context, interruption);
    const code = await engine.waitContainer(found.id, over.signal);
    // An engine may end what is followed with the container, before its last lines.
    await tell(false);
    telling.end();
    return code;
  } catch (error) {
    if (interruption !== null) return left(context, interruption);
    throw error;
  } finally {
    letGo();
  }
}

async function* linesOf(
  output: ReturnType<Engine['logs']>,
): AsyncGenerator<{ readonly stream: 'stdout' | 'stderr'; readonly line: string }> {
  const split = { stdout: lineSplitter(LONGEST_LINE), stderr: lineSplitter(LONGEST_LINE) };
  for await (const { stream, data } of output)
    for (const line of split[stream](data)) if (line !== null) yield { stream, line };
}

/** Whoever hears lines of an apply. */
interface Telling {
  readonly line: (stream: 'stdout' | 'stderr', line: string) => void;
  /** No more will come. */
  readonly end: () => void;
}

/** Shows each line as it comes. */
function follow(context: CommandContext): Telling {
  return {
    line: (stream, line) => {
      if (stream === 'stderr') writeNote(context, line);
      else if (begunIn(line) === null) writeData(context, `${line}\n`);
    },
    end: () => undefined,
  };
}

/** Says first that it is over, and which one it was: its lines wait for the one that tells. */
function replay(
  context: CommandContext,
  { startedAt, exitCode: code }: Pick<ContainerDetails, 'startedAt' | 'exitCode'>,
): Telling {
  const shown = follow(context);
  let early: (readonly ['stdout' | 'stderr', string])[] | null = [];
  const begin = (what: string): void => {
    const waited = early ?? [];
    early = null;
    const at = second(Date.parse(startedAt));
    writeNote(
      context,
      `no apply goes on: ${what}, begun ${at}, has ended with exit code ${code ?? 0}; it said:`,
    );
    for (const [stream, line] of waited) shown.line(stream, line);
  };
  return {
    line: (stream, line) => {
      if (early === null) return shown.line(stream, line);
      early.push([stream, line]);
      const what = stream === 'stdout' ? begunIn(line) : null;
      if (what !== null) begin(what);
    },
    end: () => {
      if (early !== null) begin('the last one');
    },
  };
}

function left(context: CommandContext, interruption: Interruption): number {
  writeNote(context, 'the apply goes on; `stack attach` follows it again');
  return exitCodeOf(interruption);
}
