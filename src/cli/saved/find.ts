import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import type { SavedPlan } from './saved-plan.ts';

/** What every saved plan begins with, and no stack file does. */
const BEGINNING = /^\{\s*"stackc_plan":/;
const BEGINNING_BYTES = 64;

/** Whether a file begins as a saved plan does; false for one that cannot be read, and for a pipe, which can be read only once. */
export function beginsAsSavedPlan(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false;
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(BEGINNING_BYTES);
      return BEGINNING.test(bytes.toString('latin1', 0, readSync(file, bytes)));
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

/** The saved plan in a file; null where it is something else. Fails with 65 for one that cannot be used any more. */
export async function findSavedPlan({ io }: CommandContext, path: string): Promise<SavedPlan | null> {
  const target = resolve(io.cwd, path);
  if (!beginsAsSavedPlan(target)) return null;
  const { decodeSavedPlan } = await import('./saved-plan.ts');
  const found = decodeSavedPlan(readFileSync(target, 'utf8'));
  if (!('reason' in found)) return found;
  throw new CommandFailure(
    exitCode.invalidFile,
    `the saved plan \`${path}\` cannot be applied: ${found.reason}`,
    'make it anew with `stack plan --out`',
  );
}
