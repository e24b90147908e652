import type { JournalRecord, OperationRecord } from './record.ts';
import { recordFrom } from './read-record.ts';
import { openLine, sealLine } from './sealed-line.ts';

/** Raised when a field changes its meaning; lines of another version are passed over. */
const VERSION = 1;

/** A record as one line of the journal, without its line end: JSON that closes with a checksum of all before it. */
export function journalLine({ type, ...rest }: JournalRecord): string {
  const { atMs, tookMs, ...fields } = { atMs: null, tookMs: null, ...rest };
  return sealLine({
    v: VERSION,
    type,
    ...(atMs === null ? {} : { at: new Date(atMs).toISOString() }),
    ...(tookMs === null ? {} : { took_ms: Math.round(tookMs) }),
    ...fields,
    ...('told' in fields && fields.told?.kind === 'stop' ? { told: stopJson(fields.told) } : {}),
  });
}

function stopJson({ limitMs, ...rest }: Extract<OperationRecord['told'], { readonly kind: 'stop' }>): object {
  return { ...rest, limit_ms: limitMs };
}

/**
 * The records of a journal, in the order in which they were written. What is torn, damaged, of another version or of
 * another type is passed over: it never throws.
 */
export function readRecords(text: string): readonly JournalRecord[] {
  return text.split('\n').flatMap((line) => recordFrom(openLine(line), VERSION) ?? []);
}

/** The operations among them. */
export function readJournal(text: string): readonly OperationRecord[] {
  return readRecords(text).flatMap((record) => (record.type === 'operation' ? [record] : []));
}
