import type { IncomingMessage } from 'node:http';

import { bytesOf } from './bytes.ts';
import { CutOff, NonsenseAnswer, excerpt } from './engine-errors.ts';

/** One line of what a pull or a build tells, or an event. */
export interface StreamMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
  /** Of an event: what happened, and to whom. */
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * The JSON objects of an answer, one a line. An engine that fails in the middle has sent 200 long before, so callers
 * look at every `error`. Throws {@link CutOff}, or {@link NonsenseAnswer} for a line that is not JSON.
 */
export async function* readMessages(answer: IncomingMessage): AsyncGenerator<StreamMessage> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of bytesOf(answer)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      yield* lines.filter(isFilled).map(parse);
    }
  } catch (error) {
    throw error instanceof NonsenseAnswer ? error : new CutOff();
  }
  if (!answer.complete) throw new CutOff();
  if (isFilled(rest)) yield parse(rest);
}

/** Why it failed, when this line says so. */
export function failureIn(message: StreamMessage): string | null {
  return message.errorDetail?.message ?? message.error ?? null;
}

function isFilled(line: string): boolean {
  return line.trim() !== '';
}

function parse(line: string): StreamMessage {
  try {
    const message: StreamMessage = JSON.parse(line);
    return message;
  } catch {
    throw new NonsenseAnswer(`it sent ${excerpt(line)}`);
  }
}
