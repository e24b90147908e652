import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredInstance, StopSpec } from '../desired/desired-state.ts';
import { foundOf } from '../desired/found.ts';
import { generationName } from '../names.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { drainPorts, leave, point } from './balancers.ts';
import type { Notice } from './notices.ts';
import {
  drainOld,
  fileName,
  hasOwnSocket,
  keep,
  placeKey,
  publish,
  restore,
  socketPlace,
  unlink,
} from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';
import { existing, outgoing, quieting } from './turn.ts';

/** For a generation of which the file says nothing. */
const DRAIN_S = 30;

/** A generation that an earlier apply left over. */
interface Leaving {
  readonly instance: DesiredInstance;
  readonly leftover: ObservedContainer;
  readonly current: ObservedContainer | null;
  readonly sockets: SocketScope;
}

/** Removes a generation that an earlier apply left over. */
export function tidyGeneration(
  builder: PlanBuilder,
  leaving: Leaving,
  after: readonly NodeId[],
): readonly NodeId[] {
  const { instance, leftover } = leaving;
  const last = retire(builder, leaving, after);
  const op = { kind: 'container.remove', target: existing(leftover), volumes: false } as const;
  return [builder.add(instance.key, `remove ${leftover.generation}`, op, last, 'left over')];
}

/** Ends what a generation that an earlier apply left over still does. A half-made one may be published already: the link goes back first. */
export function retire(
  builder: PlanBuilder,
  { instance, leftover, current, sockets }: Leaving,
  after: readonly NodeId[],
): readonly NodeId[] {
  const { engineName, key: group } = instance;
  const place = socketPlace(leftover.spec, sockets.reach);
  let last = after;
  const add = (verb: string, op: Operation, reason: string) => {
    last = [builder.add(group, `${verb} ${leftover.generation}`, op, last, reason)];
  };
  const served = current === null ? null : socketPlace(current.spec, sockets.reach);
  let isAway = false;
  const own = current !== null && hasOwnSocket(current, engineName);
  // It bound the published name itself, before the current one was published there: it may take that along at its end.
  const isPlain = own && leftover.phase === 'old' && !hasOwnSocket(leftover, engineName);
  const publishCurrent = (at: SocketPlace) =>
    publish(at, generationSocketName(engineName, current?.generation ?? 0));
  const serves = served !== null && served.published === place?.published;
  // Another instance of the file may serve there by now.
  const isOwnName = (at: SocketPlace) =>
    !sockets.wanted.has(placeKey(at)) ||
    (instance.socket !== null && placeKey(instance.socket) === placeKey(at));
  if (place !== null && leftover.phase !== 'failed') {
    // Where the current one does not run the agent may be holding what comes, for the next that is published.
    const isHeld = own && current.state !== 'running';
    if (serves && current !== null && leftover.phase === 'next' && !isHeld) {
      const back = own ? publishCurrent(place) : restore(place, engineName, current.generation);
      add('publish back', back, 'the current one');
      isAway = true;
    } else if (!serves && !sockets.wanted.has(placeKey(place))) {
      add('unpublish', unlink(place, fileName(place)), 'nobody current serves it');
      isAway = true;
    } else {
      // One that was current lost the path when its successor was published.
      isAway = serves && leftover.phase === 'old';
      // An apply that went back may have kept the socket of the current one, and taken its path away.
      if (isAway && !own && current?.state === 'running' && leftover.state !== 'running')
        add('put back for', restore(place, engineName, current.generation), 'the current one');
    }
  }
  // One that was current until an apply went back may have requests yet; nothing leads to it any more.
  if (leftover.phase === 'failed') {
    isAway = hasOwnSocket(leftover, engineName);
    // Unless that failed as well: who came before it served elsewhere, or nowhere, and puts nothing in its place.
    if (isAway && place !== null && leftover.state === 'running' && !serves && isOwnName(place))
      add('unpublish', unlink(place, fileName(place)), 'nobody current serves it');
  }
  // One that serves elsewhere, or nowhere: what was taken away for it is put back all the same.
  const elsewhere = served !== null && (place === null || placeKey(place) !== placeKey(served));
  if (elsewhere && current !== null && !own && leftover.phase === 'next')
    add('put back', restore(served, engineName, current.generation), 'the current one');
  if (place !== null && isReached(leftover, current, place, served, engineName)) {
    const n = leftover.generation;
    add('keep socket', keep(place, engineName, n), 'its requests under way end first');
    add('take path', unlink(place, fileName(place)), 'nothing new comes to what leaves');
    add(
      'drain',
      drainOld(place, engineName, outgoing(leftover, engineName), instance.stop.drainS),
      'left over',
    );
  }
  if (
    isAway &&
    place !== null &&
    leftover.state === 'running' &&
    (isPlain || hasOwnSocket(leftover, engineName))
  ) {
    add(
      'drain',
      drainOld(place, engineName, outgoing(leftover, engineName), instance.stop.drainS),
      'left over',
    );
  }
  // Whatever was said of it last: the current one serves, and its successor may have been told already.
  const tellers = sockets.tellers.get(engineName) ?? [];
  const mayServe =
    leftover.phase === 'next' ||
    leftover.phase === 'old' ||
    (leftover.phase === 'failed' && leftover.state === 'running');
  if (mayServe) {
    for (const teller of current?.state === 'running' || leftover.state === 'running' ? tellers : []) {
      const { drainS } = instance.stop;
      if (current?.state === 'running')
        add(
          `tell ${teller.balancer} at`,
          point(teller, existing(current), true, drainS),
          'the current one serves',
        );
      else add(`rest in ${teller.balancer} at`, leave(teller, 'maint'), 'nobody current serves');
    }
    const op = drainPorts(outgoing(leftover, engineName), instance, tellers, instance.stop.drainS);
    if (op !== null && sockets.isCounted) {
      if (op.kind === 'ports.drain' && current?.state === 'running' && foundOf(instance) !== null) {
        const { target, ports } = op;
        add('refuse', { kind: 'ports.refuse', target, ports }, 'proxies may find it');
      }
      add('drain ports', op, 'left over');
    }
  }
  // One that was about to leave has jobs under way, and may have been told so already; a half-made one may have taken some.
  const { quietSignal, drainS } = instance.stop;
  const mayWork = leftover.phase === 'old' || leftover.phase === 'next';
  if (mayWork && leftover.state === 'running' && quietSignal !== null) {
    const [quiet, idle] = quieting(existing(leftover), quietSignal, drainS);
    add('quiet', quiet, 'left over');
    add('await idle', idle, 'left over');
  }
  if (leftover.state !== 'created' && leftover.state !== 'exited' && leftover.state !== 'dead') {
    add('stop', { kind: 'container.stop', target: existing(leftover), timeoutS: null }, 'left over');
  }
  if (isAway && isPlain && serves && place !== null)
    add('publish again after', publishCurrent(place), 'it may have taken it away');
  // A copy that somebody made has the current generation's number, and that one's socket is no leftover.
  if (place !== null && leftover.generation !== current?.generation)
    add('clear', unlink(place, generationSocketName(engineName, leftover.generation)), 'left over');
  return last;
}

/** Whether a half-made generation gets requests, since it has bound the published name itself, in the place of one that stopped first. */
function isReached(
  leftover: ObservedContainer,
  current: ObservedContainer | null,
  place: SocketPlace,
  served: SocketPlace | null,
  engineName: string,
): boolean {
  if (leftover.phase !== 'next' || leftover.state !== 'running') return false;
  if (hasOwnSocket(leftover, engineName) || current?.state === 'running') return false;
  return served === null || placeKey(served) === placeKey(place);
}

/**
 * Takes an instance out for good: its path first, so that nothing new comes, then the container and its socket.
 * `stop` is null for a container that the file does not name: it stops as it was made to. `isFound`: proxies find it by themselves. `stays`: other instances of its
 * container serve on. `notice`: how long balancers take to see it, where others leave after it.
 */
export function removeGenerations(
  builder: PlanBuilder,
  group: string,
  engineName: string,
  containers: readonly ObservedContainer[],
  after: readonly NodeId[],
  sockets: SocketScope,
  {
    stop,
    stays,
    isFound,
    notice = null,
  }: {
    readonly stop: StopSpec | null;
    readonly stays: boolean;
    readonly isFound: boolean;
    readonly notice?: Notice | null;
  },
): { readonly last: readonly NodeId[]; readonly isNoticed: boolean } {
  let last = after;
  let noticed: readonly NodeId[] = [];
  const add = (verb: string, op: Operation) => {
    last = [builder.add(group, verb, op, last, 'not in the file')];
  };
  const bearer = containers.find(({ spec }) => socketPlace(spec, sockets.reach) !== null);
  const published = socketPlace(bearer?.spec ?? null, sockets.reach);
  // A successor of another name may have published there: then the name is no longer this one's.
  const isItsOwn = published !== null && !sockets.wanted.has(placeKey(published));
  const isLink = bearer !== undefined && hasOwnSocket(bearer, engineName);
  const tellers = sockets.tellers.get(engineName) ?? [];
  const isServing = tellers.length > 0 && containers.some(({ state }) => state === 'running');
  // Should the apply be cut off and the instance stay after all: the policy that it lacks tells that it was taken out. And a
  // server that the engine starts again would bind the path once more, whoever is published there by then.
  const isPlain = bearer !== undefined && !isLink;
  const isRefused = isFound && stays && sockets.isCounted;
  for (const container of isServing || isPlain || isRefused ? containers : []) {
    if (container.restart === 'no' || container.state !== 'running') continue;
    const target = existing(container);
    add(`release ${container.generation}`, { kind: 'container.policy', target, policy: 'no', maxRetries: 0 });
  }
  if (isItsOwn && bearer !== undefined) {
    if (!isLink && bearer.state === 'running') {
      // A link is drift, should the apply be cut off and the instance stay after all; of a socket that the server has
      // bound itself the name of the container tells that it is to be put back.
      const n = bearer.generation;
      const name = generationName(engineName, n, 'old');
      if (bearer.engineName !== name)
        add(`park ${n}`, { kind: 'container.rename', target: existing(bearer), name });
      add(`keep socket ${n}`, keep(published, engineName, n));
    }
    add('unpublish', unlink(published, fileName(published)));
    if (notice !== null) {
      const op = { kind: 'balancer.notice', ...notice } as const;
      noticed = [builder.add(group, 'await checks', op, last, 'the next one goes only then')];
    }
  }
  for (const teller of isServing ? tellers : [])
    add(`drain in ${teller.balancer}`, leave(teller, stays ? 'drain' : 'maint'));
  for (const container of containers) {
    const place = socketPlace(container.spec, sockets.reach);
    const target = existing(container);
    const n = container.generation;
    const signal = stop?.quietSignal ?? null;
    if (signal !== null && container.state === 'running') {
      const [quiet, idle] = quieting(target, signal, stop?.drainS ?? DRAIN_S);
      add(`quiet ${n}`, quiet);
      add(`await idle ${n}`, idle);
    }
    const isAway = hasOwnSocket(container, engineName) || (container === bearer && isItsOwn);
    if (place !== null && container.state === 'running' && isAway) {
      add(
        `drain ${n}`,
        drainOld(place, engineName, outgoing(container, engineName), stop?.drainS ?? DRAIN_S),
      );
    }
    const ports =
      isServing || isRefused
        ? drainPorts(outgoing(container, engineName), null, tellers, stop?.drainS ?? DRAIN_S)
        : null;
    if (ports?.kind === 'ports.drain' && isRefused)
      add(`refuse ${n}`, { kind: 'ports.refuse', target, ports: ports.ports });
    if (ports !== null) add(`drain ports ${n}`, ports);
    // Its address may soon be another container's.
    for (const teller of isServing && stays && container === containers[0] ? tellers : [])
      add(`rest in ${teller.balancer}`, leave(teller, 'maint'));
    add(`stop ${n}`, { kind: 'container.stop', target, timeoutS: stop?.timeoutS ?? null });
    if (place !== null) add(`clear ${n}`, unlink(place, generationSocketName(engineName, n)));
    add(`remove ${n}`, { kind: 'container.remove', target, volumes: false });
  }
  return { last: [...last, ...noticed], isNoticed: noticed.length > 0 };
}
