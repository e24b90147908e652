import { isPending, type Action, type Change } from '../../compiler/plan/plan.ts';
import type { Style } from './paint.ts';

/** How an action looks and how it is counted, in the order of the counts. */
export interface ActionWords {
  readonly symbol: string;
  readonly style: Style;
  /** After a number in a plan: `2 to create`. */
  readonly planned: string;
  /** After a number at the end of an apply: `2 created`. */
  readonly done: string;
}

/** The words for every action. */
export const actionWords: Readonly<Record<Action, ActionWords>> = {
  pull: { symbol: '↓', style: 'cyan', planned: 'to pull', done: 'pulled' },
  build: { symbol: '*', style: 'cyan', planned: 'to build', done: 'built' },
  push: { symbol: '↑', style: 'cyan', planned: 'to push', done: 'pushed' },
  adopt: { symbol: '«', style: 'green', planned: 'adoption', done: 'adoption' },
  create: { symbol: '+', style: 'green', planned: 'to create', done: 'created' },
  run: { symbol: '»', style: 'green', planned: 'to run', done: 'run' },
  replace: { symbol: '±', style: 'yellow', planned: 'to replace', done: 'replaced' },
  start: { symbol: '>', style: 'green', planned: 'to start', done: 'started' },
  update: { symbol: '~', style: 'yellow', planned: 'to update', done: 'updated' },
  reload: { symbol: '↻', style: 'yellow', planned: 'to reload', done: 'reloaded' },
  remove: { symbol: '-', style: 'red', planned: 'to remove', done: 'removed' },
  tidy: { symbol: '·', style: 'dim', planned: 'to tidy', done: 'tidied' },
  schedule: { symbol: '@', style: 'cyan', planned: 'cron', done: 'cron' },
  hold: { symbol: '=', style: 'magenta', planned: 'held', done: 'held' },
  none: { symbol: ' ', style: 'dim', planned: 'unchanged', done: 'unchanged' },
};

/** The order of {@link actionWords}. Written out once: the record's own keys are the closed set. */
const order: readonly Action[] = [
  'pull',
  'build',
  'push',
  'adopt',
  'create',
  'run',
  'replace',
  'start',
  'update',
  'reload',
  'remove',
  'tidy',
  'schedule',
  'hold',
  'none',
];

/**
 * How many changes there are of each action, only those that occur, in the order of the counts. Beside what changes, a job that stays
 * as it is counts as unchanged.
 */
export function countActions(changes: readonly Change[]): readonly (readonly [Action, number])[] {
  const isAny = changes.some(isPending);
  const counted = changes.map((change) =>
    isAny && change.action === 'schedule' && !isPending(change) ? 'none' : change.action,
  );
  return order
    .map((action) => [action, counted.filter((each) => each === action).length] as const)
    .filter(([, count]) => count > 0);
}
