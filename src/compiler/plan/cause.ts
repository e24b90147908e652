import type { Change } from './plan.ts';

/** What has changed since the last apply: `file`, the file or what it names (images, variables, secrets); `engine`, by hand. */
export type Cause = 'file' | 'engine' | 'both';

/** Why there is a change at all; null where neither has changed: what was asked for, what an apply left over. */
export function causeOf({ action, reasons }: Pick<Change, 'action' | 'reasons'>): Cause | null {
  if (action === 'none') return null;
  const isNew = reasons.some(({ kind }) => kind === 'field' || kind === 'missing' || kind === 'dropped');
  if (isDrift({ action, reasons })) return isNew ? 'both' : 'engine';
  return isNew ? 'file' : null;
}

/** Whether somebody has changed it by hand. */
export function isDrift({ action, reasons }: Pick<Change, 'action' | 'reasons'>): boolean {
  return action !== 'none' && reasons.some(({ kind }) => kind === 'drift');
}
