import type { RecordedFailure } from '../../compiler/journal/record.ts';
import type { Failure } from '../execution-event.ts';

/** What is kept of a failure: enough to know what went wrong, never all that a container prints. */
const LOG_LINES = 20;
const LINE_CHARACTERS = 500;

const MASK = '(masked)';

/** Shorter ones are part of too many words. */
const SHORTEST = 4;

/** A failure as the journal keeps it: bounded, and without the secrets, whatever printed them. */
export function recordedFailure({ message, log }: Failure, secrets: readonly string[]): RecordedFailure {
  const hidden = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split(/\r?\n/)]))]
    .filter(({ length }) => length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
  // Masked before it is cut: half a secret is one too.
  const bare = (text: string) =>
    hidden.reduce((masked, secret) => masked.replaceAll(secret, MASK), text).slice(0, LINE_CHARACTERS);
  return { message: bare(message), log: log.slice(-LOG_LINES).map(bare) };
}
