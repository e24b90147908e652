import type { DesiredInstance, Gate, SocketSpec } from '../desired/desired-state.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { BackTurn, NodeId } from '../plan/plan.ts';
import { currentName } from './adopted.ts';
import { gatePlane, sharedPorts } from './agents.ts';
import { leadsTo } from './balancers.ts';
import { restartText } from './compare.ts';
import type { Decided } from './decide.ts';
import { recordedPort } from './recorded-port.ts';
import { canHold, hasOwnSocket, placeKey, reached, socketPlace } from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';
import { addSteps, letGo, scopeOf, wasRunning } from './steps.ts';
import { backwards, strategies } from './strategies.ts';
import { existing, gateOf, type Cover, type Outgoing, type Turn } from './turn.ts';

/** What a way back depends on besides the turn that it takes back. */
interface Surroundings {
  /** The end of that turn. */
  readonly after: readonly NodeId[];
  /** Other instances of its container serve meanwhile. */
  readonly hasSiblings: boolean;
  /** The plan has the agent that asks over the host's network. */
  readonly hasHostAgent: boolean;
}

/**
 * Plans how an instance goes back to the generation that `turn` replaces, from where its whole turn is over: the same steps, the other
 * way round. Null where there is nothing to go back to: the old generation did not run, or nothing tells how it was made.
 */
export function planBack(
  builder: PlanBuilder,
  { container, instance, standing: { current } }: Decided,
  turn: Turn,
  { after, hasSiblings, hasHostAgent }: Surroundings,
): BackTurn | null {
  if (current === null || current.spec === null || current.state === 'restarting' || !wasRunning(current))
    return null;
  const place = socketPlace(current.spec, turn.sockets.reach);
  if (place === null && current.spec.socket !== null) return null;
  const before = asItWas(instance, current, place);
  // Two generations that want the same thing for themselves are not side by side in this direction either.
  const isBeside =
    container.strategy.order === 'start-first' && (before.socket === null || before.socket.movable);
  const order = isBeside ? 'start-first' : 'stop-first';
  const isAsked = hasHostAgent || (gatePlane(before) !== 'host' && sharedPorts(before, order).length === 0);
  if (!isAsked) return null;
  const listing = turn.sockets.tellers.get(instance.engineName) ?? [];
  const tellers = listing.filter((teller) => leadsTo(teller, before));
  const gone = madeByNow(instance, turn);
  const gonePlace = placeOf(instance, turn.sockets);
  const back: Turn = {
    ...turn,
    way: 'back',
    instance: before,
    generation: current.generation,
    next: existing(current),
    nextName: currentName(current, instance.engineName),
    old: gone,
    cover: isBeside ? 'successor' : coverBack(before, gonePlace, tellers.length > 0, hasSiblings),
    oldPlace: gonePlace,
    tellers,
    sockets: wantedAgain(turn.sockets, gonePlace, before.socket),
  };
  const first = builder.nodes.length;
  const { ready, serving } = backwards(strategies[order]);
  const asked = addSteps(builder, instance.key, ready, back, after, `${scopeOf(back)} back`);
  addSteps(builder, instance.key, serving, back, asked, null);
  return { change: instance.key, order, old: current.id, nodes: builder.nodes.slice(first) };
}

/** What is waited for where a stop-first turn is taken back, since another instance of its container stops next: to go back, or to follow. */
export function awaitedAgain(
  { container, instance, standing: { current } }: Decided,
  { cover, arrivals, hasSiblings }: Pick<Turn, 'cover' | 'arrivals'> & Pick<Surroundings, 'hasSiblings'>,
  sockets: SocketScope,
): Turn['awaitOld'] {
  const { onFailure } = container.rollout;
  if (!hasSiblings || onFailure === 'pause' || container.strategy.order === 'start-first' || current === null)
    return { ready: [], reached: [] };
  const before = asItWas(instance, current, socketPlace(current.spec, sockets.reach));
  const { generation } = current;
  const target = existing(current);
  const ready = gateOf({ way: 'back', instance: before, generation, next: target });
  const { socket, engineName, stop } = before;
  return {
    ready: [ready],
    reached:
      socket === null || cover !== 'siblings'
        ? []
        : [reached(socket, engineName, target, generation, { count: arrivals, limitS: stop.drainS })],
  };
}

/** An instance as its old generation was made, as far as its steps are concerned. */
function asItWas(
  instance: DesiredInstance,
  old: ObservedContainer & { readonly spec: InstanceSpec | null },
  place: SocketPlace | null,
): DesiredInstance {
  const spec = old.spec ?? instance.spec;
  const port = recordedPort(old.spec);
  const socket: SocketSpec | null =
    place === null
      ? null
      : {
          ...place,
          directory: place.published.slice(0, place.published.lastIndexOf('/')),
          inferred: false,
          movable: hasOwnSocket(old, instance.engineName),
        };
  const restart = letGo(old) ? spec.restart : restartOf(old.restart);
  return {
    ...instance,
    spec: { ...spec, restart },
    gate: gateAsMade(instance, old),
    port: socket !== null ? null : port === undefined ? instance.port : port,
    socket,
  };
}

/** Labels keep only what the agent can ask; whoever was asked by a command is most likely asked by the file's. */
function gateAsMade({ gate }: DesiredInstance, { spec }: ObservedContainer): Gate {
  const made = spec?.gate;
  if (made) return { ...made, limitMs: gate.limitMs };
  if (made === undefined || gate.kind === 'command' || gate.kind === 'engine') return gate;
  return { kind: 'engine', limitMs: gate.limitMs, uptimeMs: 1_000 };
}

function restartOf(text: string): InstanceSpec['restart'] {
  const [name = 'no', retries = '0'] = text.split(':');
  switch (name) {
    case 'always':
    case 'on-failure':
    case 'unless-stopped':
      return { name, maxRetries: Number(retries) };
    default:
      return { name: 'no', maxRetries: 0 };
  }
}

/** The new generation once its turn is over. */
function madeByNow({ spec, socket }: DesiredInstance, turn: Turn): Outgoing {
  const ref: ContainerRef = turn.next;
  return {
    generation: turn.generation,
    state: 'running',
    restart: restartText(spec.restart),
    spec: { ...spec, port: turn.instance.port },
    ref,
    hasOwnSocket: socket?.movable === true,
  };
}

function placeOf({ socket }: DesiredInstance, { reach }: SocketScope): SocketPlace | null {
  return socket === null || !reach.has(socket.volume) ? null : socket;
}

/** Where it serves as it was made is wanted again, and its new place by nobody any more. */
function wantedAgain(sockets: SocketScope, own: SocketPlace | null, before: SocketPlace | null): SocketScope {
  const wanted = new Set(sockets.wanted);
  if (own !== null) wanted.delete(placeKey(own));
  if (before !== null) wanted.add(placeKey(before));
  return { ...sockets, wanted };
}

function coverBack(
  { socket, engineName }: DesiredInstance,
  gonePlace: SocketPlace | null,
  isListed: boolean,
  hasSiblings: boolean,
): Cover {
  if (gonePlace === null && !isListed) return 'nobody';
  if (hasSiblings) return 'siblings';
  const stays = socket !== null && gonePlace !== null && placeKey(gonePlace) === placeKey(socket);
  return stays && canHold(socket, engineName) ? 'hold' : 'nobody';
}
