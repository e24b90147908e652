import { readFileSync } from 'node:fs';

import { codeOf, systemError } from './system-error.ts';

/**
 * Reads one of the kernel's tables, whose size is not known before; null for a process that has ended. Never with
 * `fs/promises`: in Node 18 it takes the first page for the whole, so that connections beyond it would not count.
 */
export function readTable(path: string): string | null | { readonly blind: string } {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    return { blind: `${path}: ${systemError(error)}` };
  }
}

/** The same where what cannot be seen counts as empty. At once: a turn of the event loop for each would let short connections slip through. */
export function tableOf(path: string): string {
  const text = readTable(path);
  return typeof text === 'string' ? text : '';
}
