import { createInterface } from 'node:readline/promises';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import type { CommandContext, Interruption } from './io.ts';

/** A question before something is changed. */
export interface Question {
  readonly text: string;
  /** What counts as a yes; anything else changes nothing. */
  readonly answers: readonly string[];
  /** Whether the stack file came from standard input, which then has no more answers to give. */
  readonly stdinTaken: boolean;
}

/**
 * Asks on standard error before something is changed; `--yes` answers. A {@link CommandFailure} with exit code 1 where
 * nobody can be asked and for any other answer than a yes, 130 for Ctrl-C and 143 for SIGTERM.
 */
export async function confirm(context: CommandContext, question: Question): Promise<void> {
  if (context.options.yes) return;
  const why = whyNobody(context, question);
  if (why !== null) {
    throw new CommandFailure(
      exitCode.failed,
      `${why}, so nothing was changed`,
      '`--yes` answers where nobody can be asked',
    );
  }
  const answer = await ask(context, question.text);
  if (answer.interruption !== null) {
    throw new CommandFailure(exitCodeOf(answer.interruption), 'interrupted, so nothing was changed');
  }
  if (answer.text === null || !question.answers.includes(answer.text.trim())) {
    throw new CommandFailure(exitCode.failed, 'not confirmed, so nothing was changed');
  }
}

/** Why nobody can answer; null where somebody can. */
function whyNobody({ io }: CommandContext, { stdinTaken }: Question): string | null {
  if (stdinTaken) return 'standard input is the stack file and answers nothing';
  if (io.stdin.isTTY !== true) return 'standard input is no terminal to answer from';
  if (io.stderr.isTTY !== true) return 'standard error is no terminal to ask on';
  return null;
}

interface Answer {
  /** Null when the terminal's input ends. */
  readonly text: string | null;
  readonly interruption: Interruption | null;
}

async function ask({ io }: CommandContext, text: string): Promise<Answer> {
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  const closed = new AbortController();
  let interruption: Interruption | null = null;
  const interrupt = (signal: Interruption) => {
    interruption ??= signal;
    reader.close();
  };
  reader.once('close', () => closed.abort());
  // The terminal is raw while a line is edited: Ctrl-C comes as a key.
  reader.once('SIGINT', () => interrupt('SIGINT'));
  const letGo = io.onSignal(interrupt);
  try {
    return { text: await reader.question(`${text} `, { signal: closed.signal }), interruption };
  } catch (error) {
    if (!closed.signal.aborted) throw error;
    io.stderr.write('\n');
    return { text: null, interruption };
  } finally {
    letGo();
    reader.close();
  }
}
