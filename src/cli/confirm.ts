import { createInterface } from 'node:readline/promises';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import type { CommandContext } from './io.ts';

/** A question before something is changed. */
export interface Question {
  readonly text: string;
  /** What counts as a yes; anything else changes nothing. */
  readonly answers: readonly string[];
  /** Whether the stack file came from standard input, which then has no more answers to give. */
  readonly stdinTaken: boolean;
}

/**
 * Asks before something is changed; `--yes` answers. Without a terminal on both sides nobody can answer: a
 * {@link CommandFailure} with exit code 1, and so for any other answer than a yes.
 */
export async function confirm(context: CommandContext, question: Question): Promise<void> {
  const { io, options } = context;
  if (options.yes) return;
  if (io.stdin.isTTY !== true || io.stderr.isTTY !== true || question.stdinTaken) {
    throw new CommandFailure(
      exitCode.failed,
      'nobody can be asked here, so nothing was changed',
      'use `--yes` where there is no terminal',
    );
  }
  const answer = await ask(context, question.text);
  if (answer === null || !question.answers.includes(answer.trim())) {
    throw new CommandFailure(exitCode.failed, 'not confirmed, so nothing was changed');
  }
}

/** One line from the terminal; null when it ends or Ctrl-C is typed. */
async function ask({ io }: CommandContext, text: string): Promise<string | null> {
  const reader = createInterface({ input: io.stdin, output: io.stderr });
  const closed = new AbortController();
  reader.once('close', () => closed.abort());
  reader.once('SIGINT', () => reader.close());
  try {
    return await reader.question(`${text} `, { signal: closed.signal });
  } catch (error) {
    if (closed.signal.aborted) {
      io.stderr.write('\n');
      return null;
    }
    throw error;
  } finally {
    reader.close();
  }
}
