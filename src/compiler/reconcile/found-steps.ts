import { foundOf } from '../desired/found.ts';
import type { Operation } from '../plan/operation.ts';
import { drainPorts } from './balancers.ts';
import type { Step } from './strategies.ts';
import { node } from './turn.ts';
import type { StepNode, Turn } from './turn.ts';

/** As many as show that it was no chance. */
const ARRIVALS = 3;

/** How proxies that find containers by themselves are led from one generation to the next (ADR 0021), as operations. */
export const foundSteps = {
  // One that was found before would be found again as soon as it starts, ready or not.
  'stay-out': ({ instance, generation, next }) => {
    const found = foundOf(instance);
    if (found === null || next.kind === 'created') return [];
    return found.networks.map((network) =>
      node(
        `leave ${network} ${generation}`,
        { kind: 'container.disconnect', target: next, network },
        'proxies find it when it is ready',
        [{ kind: 'container.connect', target: next, network }],
      ),
    );
  },
  'be-found': ({ instance, generation, next }) => {
    const found = foundOf(instance);
    if (found === null) return [];
    const { networks, port } = found;
    const target = next;
    const wake: Operation = { kind: 'proxies.wake', networks };
    return [
      ...networks.map((network, index) =>
        node(
          `join ${generation} ${network}`,
          { kind: 'container.connect', target, network },
          'ready: proxies may find it',
          // Requests may come to it from here on.
          index > 0
            ? []
            : [
                { kind: 'ports.refuse', target, ports: [port] },
                { kind: 'ports.drain', target, ports: [port], limitS: instance.stop.drainS },
              ],
        ),
      ),
      node(`wake proxies ${generation}`, wake, 'they look when a container starts'),
    ];
  },
  // Only then may the old one refuse, or the next one go.
  'await-proxies': ({ instance, generation, next, old, cover, way }) => {
    const found = foundOf(instance);
    const beside = cover === 'successor' && old?.state === 'running' ? old : null;
    if (found === null || (beside === null && cover !== 'siblings')) return [];
    const op: Operation = {
      kind: 'proxies.reached',
      target: next,
      old: beside?.ref ?? null,
      ports: [found.port],
      networks: found.networks,
      count: ARRIVALS,
      limitS: instance.stop.drainS,
      // On the way back there is nothing to go back to.
      must: beside !== null && way === 'forward',
    };
    return [
      node(
        `await proxies ${generation}`,
        op,
        beside !== null ? 'before the old one refuses' : 'the next one goes only then',
      ),
    ];
  },
  'refuse-old': (turn) => {
    const { old } = turn;
    const ports = refusedPorts(turn);
    if (old === null || ports.length === 0) return [];
    const target = old.ref;
    return [
      node(
        `refuse ${old.generation}`,
        { kind: 'ports.refuse', target, ports },
        'proxies find it until it has stopped, and turn to another',
        [{ kind: 'ports.admit', target }],
      ),
    ];
  },
} as const satisfies Partial<Record<Step, (turn: Turn) => readonly StepNode[]>>;

/** The ports on which the generation that goes refuses new connections before it is drained; none: proxies do not find it, or nobody serves in its place. */
export function refusedPorts({ instance, old, tellers, cover, sockets }: Turn): readonly number[] {
  if (old === null || foundOf(instance) === null || !sockets.isCounted) return [];
  if (cover !== 'successor' && cover !== 'siblings') return [];
  const drain = drainPorts(old, instance, tellers, instance.stop.drainS);
  return drain?.kind === 'ports.drain' ? drain.ports : [];
}
