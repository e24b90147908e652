import { generationName } from '../names.ts';
import type { ObservedContainer, ObservedLink } from '../observed/observed-state.ts';
import type { Standing } from './standing.ts';
import { isPublishedAs } from './successor.ts';

/**
 * Takes for current what serves in the place of the current one, so that it is replaced as everything that serves is: an old
 * generation to which an apply that went back has led the published name already; or, while the current one does not run, a
 * published successor, or, with `toOld`, a generation that was about to leave.
 */
export function byServing(
  engineName: string,
  stands: Standing,
  links: readonly ObservedLink[],
  toOld: boolean,
): Standing {
  const { current, leftovers, failed } = stands;
  const back = leftovers.find((one) => isPublishedAs('old', one, links));
  if (back === undefined && (current?.state === 'running' || current?.state === 'paused')) return stands;
  const renamed = (phase: 'old' | 'failed'): ObservedContainer | null =>
    current === null
      ? null
      : { ...current, phase, engineName: generationName(engineName, current.generation, phase) };
  const among = (one: ObservedContainer | null) => (one === null ? [] : [one]);
  const newest = current?.generation ?? 0;
  const next = leftovers.find((one) => one.generation > newest && isPublishedAs('next', one, links));
  if (next !== undefined && back === undefined) {
    const displaced = renamed('old');
    const others = leftovers.filter((one) => one !== next);
    return {
      ...stands,
      current: next,
      rescue: 'finish',
      displaced,
      leftovers: [...others, ...among(displaced)],
    };
  }
  const old = leftovers.find(({ phase, state }) => phase === 'old' && state === 'running');
  if (back === undefined && !toOld) return stands;
  const restored = back ?? old;
  if (restored === undefined) return stands;
  const displaced = renamed('failed');
  return {
    ...stands,
    current: restored,
    rescue: 'restore',
    displaced,
    leftovers: leftovers.filter((one) => one !== restored),
    failed: [...among(displaced), ...failed],
  };
}

/** Whether a generation that is not current may serve. */
export function mayServe(one: ObservedContainer, links: readonly ObservedLink[]): boolean {
  return one.state === 'running' && (one.phase === 'old' || isPublishedAs('next', one, links));
}
