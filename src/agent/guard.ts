import { symlinkSync, watch, type FSWatcher } from 'node:fs';

import { codeOf } from './system-error.ts';

/** Where the system gives no word of a change (its watches are used up), and between two words. */
const LOOK_EVERY_MS = 50;

/**
 * Makes `directory/link` a link to `to` again whenever nothing has that name: a server that bound the name itself may
 * remove it as it ends, whoever is published there by now. Whatever else is put there stays. Ends after `limitMs`, or
 * when told to.
 */
export function guardLink(directory: string, link: string, to: string, limitMs: number): () => void {
  let watcher: FSWatcher | undefined;
  const end = (): void => {
    clearInterval(interval);
    clearTimeout(timer);
    watcher?.close();
  };
  // One call, without a look before it: what is there already says so.
  const putBack = (): void => {
    try {
      symlinkSync(to, `${directory}/${link}`);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') end();
    }
  };
  const interval = setInterval(putBack, LOOK_EVERY_MS);
  const timer = setTimeout(end, limitMs);
  try {
    watcher = watch(directory, (_event, name) => {
      if (name === null || name === link) putBack();
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // The interval is left.
  }
  putBack();
  return end;
}
