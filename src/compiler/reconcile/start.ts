import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredInstance } from '../desired/desired-state.ts';
import { foundOf } from '../desired/found.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { point } from './balancers.ts';
import { currentName } from './adopted.ts';
import { foreignNetworks, restartText } from './compare.ts';
import type { Decided } from './decide.ts';
import { fileName, hasOwnSocket, publish, release, socketPlace, unlink } from './sockets.ts';
import type { SocketScope } from './sockets.ts';
import type { Standing } from './standing.ts';
import { addSteps, scopeOf } from './steps.ts';
import { existing } from './turn.ts';
import type { Turn } from './turn.ts';
import { strategies } from './strategies.ts';

/** How long a server that runs may take to bind its path. */
const BIND_S = 10;

/**
 * Starts a generation that does not run. A held one is started as it was made: the file says nothing of it. With a predecessor,
 * which can come back, a start that fails is taken back.
 */
export function start(
  builder: PlanBuilder,
  decided: Decided,
  after: readonly NodeId[],
  sockets: SocketScope,
  hasPredecessor = false,
): readonly NodeId[] {
  const { container, instance, standing, decision } = decided;
  const current = standing.current;
  if (current === null) return after;
  const target = existing(current);
  if (decision === 'start') {
    const { generation } = current;
    const turn: Turn = {
      way: 'forward',
      container: container.key,
      instance,
      hasForerunners: false,
      generation,
      next: target,
      nextName: currentName(current, instance.engineName),
      old: null,
      cover: 'nobody',
      oldPlace: null,
      handover: [],
      tellers: sockets.tellers.get(instance.engineName) ?? [],
      awaitOld: { ready: [], reached: [] },
      arrivals: 0,
      sockets,
    };
    const { begin, serve } = strategies.start;
    const { socket, key: group } = instance;
    let last = addSteps(
      builder,
      group,
      [...begin, ...serve],
      turn,
      after,
      hasPredecessor ? scopeOf(turn) : null,
    );
    if (socket !== null && !socket.movable) {
      const kept = unlink(socket, generationSocketName(instance.engineName, generation));
      last = [
        builder.add(group, `clear kept ${generation}`, kept, last, 'an apply may have been about to stop it'),
      ];
    }
    return update(builder, decided, last, sockets);
  }
  let last = after;
  const add = (verb: string, op: Operation, reason: string) => {
    last = [builder.add(instance.key, `${verb} ${current.generation}`, op, last, reason)];
  };
  const place = socketPlace(current.spec, sockets.reach);
  const own = hasOwnSocket(current, instance.engineName)
    ? generationSocketName(instance.engineName, current.generation)
    : null;
  if (place !== null) {
    const clear = { ...unlink(place, own ?? fileName(place)), of: target } as const;
    add('clear', clear, 'a leftover would be in the way');
  }
  add('start', { kind: 'container.start', target }, 'held');
  add('gate', { kind: 'container.up', target }, 'must stay up');
  if (place !== null && own !== null) add('publish', publish(place, own), 'runs again');
  if (place !== null && own === null)
    add('hand over to', release(place, fileName(place), BIND_S), 'what is held waits for it');
  const policy = current.spec?.restart;
  if (policy !== undefined && restartText(policy) !== current.restart) {
    add(
      'keep',
      { kind: 'container.policy', target, policy: policy.name, maxRetries: policy.maxRetries },
      'runs again',
    );
  }
  return last;
}

/** Changes in place what can be: the restart policy, and networks that somebody took it off or put it on. */
export function update(
  builder: PlanBuilder,
  { instance, standing, difference, decision }: Decided,
  after: readonly NodeId[],
  sockets: SocketScope,
): readonly NodeId[] {
  const current = standing.current;
  if (current === null || difference.update.length === 0) return after;
  let last = after;
  const { name, maxRetries } = instance.spec.restart;
  const target = existing(current);
  if (restartText(instance.spec.restart) !== current.restart) {
    if (isQuiet(instance, current, standing)) {
      const stop = { kind: 'container.stop', target, timeoutS: instance.stop.timeoutS } as const;
      last = [builder.add(instance.key, 'stop', stop, last, 'was told to take no new work')];
      last = [
        builder.add(instance.key, 'start', { kind: 'container.start', target }, last, 'takes work again'),
      ];
    }
    // It was let go by an apply that was cut off, and balancers may have been told so.
    for (const teller of current.restart === 'no' ? (sockets.tellers.get(instance.engineName) ?? []) : []) {
      const op = point(teller, target, true, instance.stop.drainS);
      last = [builder.add(instance.key, `tell ${teller.balancer}`, op, last, 'it stays')];
    }
    if (current.restart === 'no' && current.state === 'running' && foundOf(instance) !== null) {
      const admit = { kind: 'ports.admit', target } as const;
      last = [builder.add(instance.key, `admit ${current.generation}`, admit, last, 'it stays')];
    }
    const op = { kind: 'container.policy', target, policy: name, maxRetries } as const;
    last = [builder.add(instance.key, 'policy', op, last, 'differs')];
  }
  // Proxies find one that has just been started by the networks that it has joined since.
  const isJoined = decision === 'start' && foundOf(instance) !== null;
  for (const network of instance.spec.networks) {
    if (current.networks[network] !== undefined || isJoined) continue;
    const op = { kind: 'container.connect', target, network } as const;
    last = [builder.add(instance.key, `join ${network}`, op, last, 'disconnected by hand')];
    if (foundOf(instance) === null) continue;
    const wake = { kind: 'proxies.wake', networks: [network] } as const;
    last = [
      builder.add(
        instance.key,
        `wake proxies on ${network}`,
        wake,
        last,
        'they look when a container starts',
      ),
    ];
  }
  for (const network of foreignNetworks(instance, current)) {
    const op = { kind: 'container.disconnect', target, network } as const;
    last = [builder.add(instance.key, `leave ${network}`, op, last, 'connected by hand')];
  }
  return last;
}

/**
 * Whether an apply that was cut off may have told a worker that it leaves: it was let go, and takes up its work only after a
 * restart. Not where its successor has been started: then it would have been told only after it had given up its name.
 */
function isQuiet(
  { stop, socket }: DesiredInstance,
  { restart, state }: ObservedContainer,
  { leftovers }: Pick<Standing, 'leftovers'>,
): boolean {
  if (restart !== 'no' || state !== 'running') return false;
  if (stop.quietSignal === null || socket !== null) return false;
  return !leftovers.some((one) => one.phase === 'next' && one.state !== 'created');
}
