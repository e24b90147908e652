import type { Teller } from '../balancer/tellers.ts';
import type { DesiredInstance } from '../desired/desired-state.ts';
import { fixedPorts, portsOverlap } from '../desired/host-port.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Decided } from './decide.ts';
import { STAYING } from './mode-table.ts';
import { canHold, placeKey } from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';
import type { Cover } from './turn.ts';

/**
 * Generations that an apply was about to let go and that serve until the current one, which has ended since, runs again (started
 * by the plan, or by the engine), or until the one that replaces it is ready.
 */
export function stillServes({
  container,
  instance,
  decision,
  standing,
}: Decided): readonly ObservedContainer[] {
  if (container.strategy.order !== 'start-first' || standing.current === null) return [];
  const serving = standing.leftovers.filter(({ phase, state }) => phase === 'old' && state === 'running');
  const { state } = standing.current;
  if (decision === 'start' || decision === 'start-held') return serving;
  if (STAYING.has(decision)) return state === 'restarting' ? serving : [];
  if (decision !== 'replace' || state === 'running') return [];
  // A path leads to the current one already, and a port of the host may be what the next one needs.
  return serving.filter(({ spec }) => spec?.socket === null && !holdsPortOf(spec.ports, instance));
}

function holdsPortOf(ports: InstanceSpec['ports'], { spec }: DesiredInstance): boolean {
  const held = fixedPorts(ports);
  return fixedPorts(spec.ports).some((port) => held.some((other) => portsOverlap(other, port)));
}

/** Who answers while an instance is replaced. */
export function coverOf(
  { container, instance, standing, successor }: Decided,
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
  if (container.strategy.order === 'start-first') return 'successor';
  // The old one has left already, and the next one must wait until the balancer counts on this one.
  if (successor !== null) return others.length > 0 ? 'siblings' : 'nobody';
  const old = standing.current;
  if (old?.state !== 'running' || (oldPlace === null && tellers.length === 0)) return 'nobody';
  const { socket, engineName } = instance;
  // Another instance of the file serves there from now on, and may be published already: its path is not to be taken away.
  const isMoving = oldPlace !== null && (socket === null || placeKey(oldPlace) !== placeKey(socket));
  if (isMoving && wanted.has(placeKey(oldPlace))) return 'nobody';
  if (others.length > 0) return 'siblings';
  if (socket === null || oldPlace === null) return 'nobody';
  return placeKey(oldPlace) === placeKey(socket) && canHold(socket, engineName) ? 'hold' : 'nobody';
}
