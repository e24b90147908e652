import type { ApplyRecord } from './record.ts';
import type { Revision } from './revisions.ts';

/** Whether an apply makes an earlier revision again: by its command, or since it goes on with one that did. */
export function goesBack(
  { command, of }: Pick<ApplyRecord, 'command' | 'of'>,
  revisions: readonly Revision[],
): boolean {
  if (command !== 'resume') return command === 'rollback' || command === 'abort';
  const begun = revisions.findLastIndex(({ revision }) => revision === of);
  const made = revisions[begun];
  // Only what is older: a journal may say anything.
  return made !== undefined && goesBack(made, revisions.slice(0, begun));
}
