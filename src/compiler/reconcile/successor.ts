import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredContainer, DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer, ObservedLink } from '../observed/observed-state.ts';
import { compare } from './compare.ts';
import { linkAt } from './links.ts';
import { hasOwnSocket, mountedVolumes, placeKey, socketPlace } from './sockets.ts';
import type { Standing } from './standing.ts';

/**
 * The successor to which an apply led the published name before it was cut off. It has passed its gate and gets the requests,
 * so that the way to one generation is forward. Null where there is none, or where the file wants another one by now: then it
 * is half-made.
 */
export function publishedSuccessor(
  container: DesiredContainer,
  instance: DesiredInstance,
  { current, rescue, leftovers }: Standing,
  links: readonly ObservedLink[],
): ObservedContainer | null {
  const { socket } = instance;
  if (socket === null || rescue !== null || container.mode === 'cron') return null;
  // Two at once are what stop-first must not have.
  if (container.strategy.order === 'stop-first' && current?.state === 'running') return null;
  const found = leftovers.find(
    (one) =>
      one.generation > (current?.generation ?? 0) &&
      placeKeyOf(one) === placeKey(socket) &&
      isPublishedAs('next', one, links),
  );
  if (found === undefined) return null;
  const { replace, reload } = compare(container, instance, found);
  return replace.length === 0 && reload === null ? found : null;
}

/** Whether a generation that is not the current one, or not yet, runs, and the published name leads to it. */
export function isPublishedAs(
  phase: 'next' | 'old',
  one: ObservedContainer,
  links: readonly ObservedLink[],
): boolean {
  const engineName = one.engineName.replace(/\.\d+\.(?:next|old)$/, '');
  if (one.phase !== phase || one.state !== 'running' || !hasOwnSocket(one, engineName)) return false;
  const place = socketPlace(one.spec, mountedVolumes(one.spec));
  const found = place === null ? null : linkAt(place, links);
  return found?.kind === 'symlink' && found.to === generationSocketName(engineName, one.generation);
}

function placeKeyOf({ spec }: ObservedContainer): string | null {
  const place = socketPlace(spec, mountedVolumes(spec));
  return place === null ? null : placeKey(place);
}
