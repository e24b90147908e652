import type { RecordedFailure } from '../../compiler/journal/record.ts';
import type { Failure } from '../execution-event.ts';

/** What is kept of a failure: enough to know what went wrong, never all that a container prints. */
const LOG_LINES = 20;
const LINE_CHARACTERS = 500;

/** A failure, from which secrets are masked already, as the journal keeps it: bounded. */
export function recordedFailure({ message, log }: Failure): RecordedFailure {
  const cut = (text: string) => text.slice(0, LINE_CHARACTERS);
  return { message: cut(message), log: log.slice(-LOG_LINES).map(cut) };
}
