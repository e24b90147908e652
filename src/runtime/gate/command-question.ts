import type { CommandGate } from '../../compiler/desired/desired-state.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine, type ExecSession } from '../engine.ts';
import type { Answer, Question } from './question.ts';

/** The engine cannot end a command that it has started: hung ones may be left behind, but not one each interval. */
const MAX_HUNG = 3;
const TAIL_CHARACTERS = 500;

/** Runs the command in the container; exit code 0 is good. Its words are never shown: they may hold secrets. */
export function commandQuestion(
  gate: CommandGate,
  engine: Pick<Engine, 'exec'>,
  containerId: string,
  clock: Clock,
): Question {
  const open = new Set<ExecSession>();
  return {
    intervalMs: gate.intervalMs,
    limitMs: gate.limitMs,
    inARow: 1,
    ask: async (limitMs, signal): Promise<Answer> => {
      if (open.size >= MAX_HUNG) return failed(`${open.size} runs of the command did not end`);
      const timeoutMs = Math.min(gate.timeoutMs, limitMs);
      const patience = new AbortController();
      try {
        return await Promise.race([
          runOnce(engine, containerId, gate.command, open),
          clock
            .sleep(timeoutMs, AbortSignal.any([signal, patience.signal]))
            .then(() => failed(`the command did not end in ${elapsed(timeoutMs)}`)),
        ]);
      } finally {
        patience.abort();
      }
    },
    close: () => {
      for (const exec of open) exec.destroy();
    },
  };
}

async function runOnce(
  engine: Pick<Engine, 'exec'>,
  containerId: string,
  command: readonly string[],
  open: Set<ExecSession>,
): Promise<Answer> {
  let exec: ExecSession | undefined;
  try {
    exec = await engine.exec(containerId, { command, tty: false, stdin: false });
    open.add(exec);
    const [stdout, stderr] = await Promise.all([tail(exec.stdout), tail(exec.stderr)]);
    const code = await exec.exitCode;
    const said = lastLine(stderr) || lastLine(stdout);
    const words = `the command exited with ${code}${code === 0 || said === '' ? '' : `: ${said}`}`;
    return { good: code === 0, kind: 'answer', words };
  } catch (error) {
    // A container that has just ended, a program that is not there: the next try, or the exit, tells more.
    if (error instanceof EngineError && error.kind !== 'unreachable') return failed(error.message);
    throw error;
  } finally {
    if (exec !== undefined) open.delete(exec);
  }
}

function failed(words: string): Answer {
  return { good: false, kind: 'error', words };
}

async function tail(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text = (text + Buffer.from(chunk).toString('utf8')).slice(-TAIL_CHARACTERS);
  }
  return text;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
