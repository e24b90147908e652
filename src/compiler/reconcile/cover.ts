import type { Teller } from '../balancer/tellers.ts';
import { foundOf } from '../desired/found.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Decided } from './decide.ts';
import { STAYING } from './mode-table.ts';
import { canHold, placeKey } from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';
import type { Cover } from './turn.ts';

/**
 * Generations that an apply was about to let go and that serve until the current one, which has ended since, runs again: started
 * by the plan, or by the engine.
 */
export function stillServes({ container, decision, standing }: Decided): readonly ObservedContainer[] {
  const isAwaited =
    decision === 'start' ||
    decision === 'start-held' ||
    (STAYING.has(decision) && standing.current?.state === 'restarting');
  if (!isAwaited || container.strategy.order !== 'start-first') return [];
  return standing.leftovers.filter(({ phase, state }) => phase === 'old' && state === 'running');
}

/** Whether an instance serves now. */
export function runs({ standing: { current } }: Decided): boolean {
  return current?.state === 'running';
}

/** Who answers while an instance is replaced. */
export function coverOf(
  decided: Decided,
  {
    oldPlace,
    tellers,
    others,
    wanted,
  }: {
    readonly oldPlace: SocketPlace | null;
    readonly tellers: readonly Teller[];
    readonly others: readonly Decided[];
    readonly wanted: SocketScope['wanted'];
  },
): Cover {
  const { container, instance, successor } = decided;
  if (container.strategy.order === 'start-first') return 'successor';
  // The old one has left already, and the next one must wait until the balancer counts on this one.
  if (successor !== null) return others.length > 0 ? 'siblings' : 'nobody';
  // Nobody is taken away: those that serve now must not go before the balancer counts on the one that comes.
  if (!runs(decided)) return others.some(runs) ? 'siblings' : 'nobody';
  const isFollowed = oldPlace !== null || tellers.length > 0 || foundOf(instance) !== null;
  if (!isFollowed) return 'nobody';
  const { socket, engineName } = instance;
  // Another instance of the file serves there from now on, and may be published already: its path is not to be taken away.
  const isMoving = oldPlace !== null && (socket === null || placeKey(oldPlace) !== placeKey(socket));
  if (isMoving && wanted.has(placeKey(oldPlace))) return 'nobody';
  if (others.length > 0) return 'siblings';
  if (socket === null || oldPlace === null) return 'nobody';
  return placeKey(oldPlace) === placeKey(socket) && canHold(socket, engineName) ? 'hold' : 'nobody';
}
