import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { GateError } from './gate-error.ts';
import type { Answer, Question } from './question.ts';

/**
 * Asks until enough good answers came in a row, and gives the last one. Rejects with {@link GateError} at the
 * limit. `onChange` hears each answer that reads differently from the one before.
 */
export async function poll(
  question: Question,
  clock: Clock,
  onChange: (answer: Answer) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const { intervalMs, limitMs, inARow } = question;
  const endsAt = clock.now() + limitMs;
  let last: Answer | null = null;
  let row = 0;
  for (;;) {
    const askedAt = clock.now();
    if (askedAt >= endsAt) throw new GateError(`not ready after ${elapsed(limitMs)}: ${inWords(last)}`);
    const answer = await question.ask(Math.ceil(endsAt - askedAt), signal);
    signal.throwIfAborted();
    row = answer.good ? row + 1 : 0;
    if (row === inARow) return answer;
    // A try that the end of the time cut short says less than the one before it.
    const cutShort = answer.kind === 'error' && last !== null && clock.now() >= endsAt;
    if (!cutShort) {
      if (answer.words !== last?.words) onChange(answer);
      last = answer;
    }
    await clock.sleep(Math.min(askedAt + intervalMs, endsAt) - clock.now(), signal);
  }
}

function inWords(last: Answer | null): string {
  if (last === null) return 'no answer';
  return `last ${last.kind} ${last.words}${last.good ? ', only once in a row' : ''}`;
}
