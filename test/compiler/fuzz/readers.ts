import { readRecords } from '../../../src/compiler/journal/lines.ts';
import { revisionsOf } from '../../../src/compiler/journal/revisions.ts';
import { timesOf } from '../../../src/compiler/journal/times.ts';
import { decodeStoredRevision } from '../../../src/compiler/revision/stored-revision.ts';
import { decodeSavedPlan } from '../../../src/cli/saved/saved-plan.ts';
import { wholeWay } from './whole-way.ts';

/** Who reads a text: the compiler, under the path of a stack file, or whoever reads what the program has written. */
export type Reader = 'stack.json' | 'stack.yaml' | 'journal' | 'revision' | 'plan';

/** Reads a text to where there is nothing more to be read of it. Throws only for a fault of ours. */
export function readAs(reader: Reader, bytes: Uint8Array): void {
  if (reader === 'journal') return readJournal(new TextDecoder().decode(bytes));
  if (reader === 'revision') return void decodeStoredRevision(new TextDecoder().decode(bytes));
  if (reader === 'plan') return void decodeSavedPlan(new TextDecoder().decode(bytes));
  wholeWay(reader, bytes);
}

function readJournal(text: string): void {
  const records = readRecords(text);
  revisionsOf(records);
  timesOf(records.flatMap((record) => (record.type === 'operation' ? [record] : [])));
}
