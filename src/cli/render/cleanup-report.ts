import type { CleanupItem } from '../../compiler/cleanup/cleanup-plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { CleanupEvent } from '../../runtime/cleanup/clean-up.ts';
import { exitCode } from '../exit-code.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, writeData, writeNote } from '../output.ts';
import { counts, itemName } from './cleanup.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { holderWords } from './holder.ts';
import { paint } from './paint.ts';
import { printable } from './text.ts';

/** Shows what comes of a cleanup as it goes on. */
export interface CleanupReport {
  note(event: CleanupEvent): void;
  /** The last line, and the exit code: 0, 1 where something could not be removed, 75 for the lock. */
  end(): number;
  /** Whether something was not even begun. */
  isCutShort(): boolean;
}

export function cleanupReport(context: CommandContext, items: readonly CleanupItem[]): CleanupReport {
  const brush = paint(colorFor(context, context.io.stderr));
  const removed: CleanupItem[] = [];
  let failed = 0;
  let isLocked = false;
  const json = (document: object) =>
    writeData(context, `${JSON.stringify({ format_version: OUTPUT_FORMAT_VERSION, ...document })}\n`);
  const say = (document: object, text: string) =>
    context.options.json ? json(document) : writeNote(context, text);
  const error = (document: object, text: string) => {
    isLocked = true;
    if (context.options.json) json(document);
    writeNote(context, `${brush('red', 'error')}: ${text}`);
  };
  const isCutShort = () => removed.length + failed < items.length;
  return {
    isCutShort,
    note(event) {
      switch (event.type) {
        case 'removed':
          removed.push(event.item);
          return say(about(event), `${brush('green', '✓')} ${itemName(event.item)}  removed`);
        case 'failed':
          failed += 1;
          return say(
            { ...about(event), why: event.why },
            `${brush('red', '✗')} ${itemName(event.item)}  ${printable(event.why)}`,
          );
        case 'locked':
          return error(
            { type: event.type, holder: event.holder },
            event.holder === null
              ? 'the stack was changed since it was looked at; nothing was removed\nhelp: the same command again'
              : `the stack is locked: ${holderWords(event.holder)}; nothing was removed\nhelp: \`stack unlock\` takes the lock away from who is not there any more`,
          );
        case 'lock-lost':
          return error(
            { type: event.type, holder: event.holder },
            `the lock is lost${event.holder === null ? '' : ` to ${holderWords(event.holder)}`}: nothing more is removed`,
          );
        default:
          return unreachable(event);
      }
    },
    end() {
      const left = items.length - removed.length - failed;
      const parts = [
        removed.length === 0 ? 'Nothing was removed.' : `Removed ${counts(removed)}.`,
        ...(failed === 0 ? [] : [`Stayed: ${failed}.`]),
        ...(left === 0 ? [] : [`Left: ${left}.`]),
      ];
      say({ type: 'finished', removed: removed.length, failed, left }, parts.join(' '));
      return isLocked ? exitCode.locked : failed > 0 ? exitCode.failed : exitCode.done;
    },
  };
}

function about({ type, item }: Extract<CleanupEvent, { readonly item: CleanupItem }>): object {
  return item.kind === 'network'
    ? { type, kind: item.kind, name: item.name }
    : { type, kind: item.kind, id: item.id };
}
