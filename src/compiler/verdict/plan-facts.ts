import type { DesiredContainer, DesiredInstance } from '../desired/desired-state.ts';
import { fixedPorts, portsOverlap } from '../desired/host-port.ts';
import { foundBy, lacksOf } from '../desired/found.ts';
import { programOf } from '../desired/program.ts';
import { containerKey } from '../desired/keys.ts';
import { databaseOf } from '../desired/strategy.ts';
import { NO_TIMES } from '../journal/times.ts';
import { baseOfInstance, instanceEngineName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { Change } from '../plan/plan.ts';
import { adoptedName, movesPorts } from '../reconcile/adopted.ts';
import { recordedPort } from '../reconcile/recorded-port.ts';
import { hasOwnSocket, mountedVolumes, placeKey, socketPlace } from '../reconcile/sockets.ts';
import { mayServe } from '../reconcile/serving.ts';
import { standing } from '../reconcile/standing.ts';
import type { FoundFacts, GateFacts, SocketFacts, VerdictFacts } from './facts.ts';
import { balancersOf } from './instance-balancers.ts';
import { ENGINES_STOP_S, lastStopFacts, successorOf } from './measured-facts.ts';
import { clientsOf, dependentsOf, isHeld } from './neighbours.ts';
import { sharingFacts } from './own-front.ts';
import { reloadFacts } from './reload-facts.ts';
import { rollFacts } from './roll-facts.ts';
import { whereabouts } from './whereabouts.ts';
import type { PlanScene } from './plan-scene.ts';
import { unreachable } from '../unreachable.ts';
import { toldOf } from './told.ts';
import { serverOf, stopEffect } from './server.ts';
import { sharedPidFiles, singleWriterOf } from './shared-volumes.ts';

/** For a generation of which the file says nothing. */
const DRAIN_S = 30;

type Judged = Extract<
  VerdictFacts['action'],
  'create' | 'start' | 'update' | 'reload' | 'replace' | 'remove'
>;

/** The facts of one change; null for one that touches no instance. */
export function factsOf(scene: PlanScene, change: Change): VerdictFacts | null {
  const { plan, desired, observed, judges } = scene;
  const { subject } = change;
  const action = judgedAction(change);
  if (subject.kind !== 'instance' || action === null) return null;
  const container = desired.containers.find(
    ({ name, application }) => name === subject.container && application === subject.application,
  );
  const instance = container?.instances.find(({ name }) => name === subject.instance) ?? null;
  const engineName =
    instance?.engineName ?? instanceEngineName(plan.stack, subject.application, subject.instance);
  const generations = observed.containers.filter(
    (seen) =>
      seen.role === 'instance' &&
      seen.application === subject.application &&
      seen.instance === subject.instance,
  );
  const siblings = currentOf(observed, subject);
  const next = successorOf(scene, change);
  const operations = scene.operations.get(change.id) ?? [];
  const named = standing(engineName, generations).current;
  const serving = generations.find((one) => mayServe(one, observed.links) && isStopped(operations, one));
  const old = named?.state === 'running' ? named : (serving ?? named);
  const server = serverOf(
    old?.entrypoint ?? instance?.entrypoint ?? [],
    old?.command ?? instance?.command ?? [],
  );
  const after = container === undefined || container.mode === 'cron' ? 0 : container.instances.length;
  const roll = rollFacts(plan, change, siblings, container?.strategy.batch ?? 1);
  const order = change.strategy?.order ?? container?.strategy.order ?? 'stop-first';
  const does = (wanted: Operation['kind']) => operations.some(({ kind }) => kind === wanted);
  const isDrained = operations.some((op) => op.kind === 'socket.drain' && isOldOne(op.target, old));
  const stopS = stopSeconds(operations, old);
  const drainMs = drainSeconds(operations, old, instance) * 1000;
  const times = scene.times.get(containerKey(subject.application, subject.container)) ?? NO_TIMES;
  const isLeft = (does('balancer.leave') || does('ports.refuse')) && does('ports.drain');
  const own = whereabouts(engineName, old, instance);
  const signal = old?.stopSignal ?? (old === null ? (instance?.stop.signal ?? null) : 'SIGTERM');
  return {
    container: subject.container,
    instance: subject.instance,
    action,
    order,
    runs: old?.state === 'running',
    instances: { now: roll.now, after },
    batch: roll.batch,
    rolled: roll.rolled,
    gone: roll.gone,
    successor: next?.instance ?? null,
    server,
    socket: socketFacts(old, instance, isDrained),
    // Who takes over from one that leaves is who must be ready.
    gate: gateFacts(next?.desired ?? instance ?? container?.template ?? null, siblings),
    hostPorts: own.hostPorts,
    hostPortMoves: hostPortMoves(old, instance),
    network: {
      host: (old?.spec ?? instance?.spec)?.network === 'host',
      port: portOf(instance ?? container?.template ?? null, old),
      portBefore: portOf(null, old),
      joined: (old?.spec ?? instance?.spec)?.networks ?? [],
    },
    sharing: sharingFacts(scene, old, instance),
    clients: clientsOf(scene, engineName),
    balancers: balancersOf(
      judges,
      own,
      toldOf(operations, scene.find({ engineName, instance: subject.instance, aliases: own.aliases })),
      // Only balancers ask.
      judges.length === 0
        ? []
        : family(scene, subject, container).map(([name, seen, wanted]) => whereabouts(name, seen, wanted)),
      (balancer) => isHeld(plan, balancer),
    ),
    database: databaseOf(imageName(container, old), programs(instance, old)),
    singleWriter: instance === null ? null : singleWriterOf(scene, instance),
    stop: {
      signal,
      effect: stopEffect(server.kind, signal),
      quietSignal: instance?.stop.quietSignal ?? null,
      timeoutMs: stopS * 1000,
    },
    drainMs,
    lastStop: lastStopFacts(times, old, { stopMs: stopS * 1000, drainMs }),
    inFlightMs: times.inFlightMs,
    measured: {
      startMs: (next === null ? times : next.times).startMs,
      stopMs: times.stopMs,
      // Whoever leaves for another is away for as long as that one takes.
      awayMs: next === null ? times.awayMs : null,
      heldMs: next === null && does('socket.hold') ? times.heldMs : null,
      drainMs: times.drainMs,
      isPossible: plan.agents.length > 0 || observed.agents.length > 0,
    },
    sharedFiles: instance === null ? [] : sharedPidFiles(instance),
    reload: reloadFacts(scene, operations, old, instance),
    dependents: action === 'remove' || order === 'stop-first' ? dependentsOf(scene, change, old) : [],
    found: foundFacts(instance ?? container?.template ?? null),
    adopted: old === null ? null : adoptedFacts(old, engineName, subject.instance, operations),
    can: {
      // A generation of which new connections are kept away before its stop has been drained before it.
      takeAway: order === 'stop-first' && action === 'replace' && (isDrained || isLeft),
      hold: does('socket.hold'),
      drainPorts: does('ports.drain'),
      refuse: operations.some((op) => op.kind === 'ports.refuse' && isOldOne(op.target, old)),
      overlap: does('ports.note'),
      awaitUp: does('socket.reached') || operations.some((op) => op.kind === 'balancer.point' && op.ready),
      awaitGone: roll.awaitGone,
    },
  };
}

function adoptedFacts(
  old: ObservedContainer,
  engineName: string,
  instance: string,
  operations: readonly Operation[],
): VerdictFacts['adopted'] {
  const name = adoptedName(old);
  if (name === null) return null;
  const own = baseOfInstance(engineName, instance);
  const moving = operations.find((op) => op.kind === 'container.connect' && movesPorts(old, op.network));
  return {
    name,
    networks: Object.keys(old.networks).filter((network) => network !== own),
    movesTo: moving?.kind === 'container.connect' ? moving.network : null,
  };
}

function judgedAction({ action }: Change): Judged | null {
  switch (action) {
    case 'create':
    case 'start':
    case 'update':
    case 'reload':
    case 'replace':
    case 'remove':
      return action;
    case 'hold':
    case 'tidy':
    case 'adopt':
    case 'run':
    case 'pull':
    case 'build':
    case 'push':
    case 'schedule':
    case 'none':
      return null;
    default:
      return unreachable(action);
  }
}

type InstanceSubject = Extract<Change['subject'], { readonly kind: 'instance' }>;

/** The current generations of a container's instances. */
function currentOf(
  observed: ObservedState,
  { application, container }: InstanceSubject,
): readonly ObservedContainer[] {
  return observed.containers.filter(
    (seen) =>
      seen.role === 'instance' &&
      seen.phase === 'current' &&
      seen.application === application &&
      seen.container === container,
  );
}

/** All instances of a container: those that run and those that will. */
function family(
  { observed, plan }: PlanScene,
  subject: InstanceSubject,
  container: DesiredContainer | undefined,
): readonly (readonly [
  engineName: string,
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
])[] {
  const current = new Map(currentOf(observed, subject).map((seen) => [seen.instance, seen]));
  const wanted = new Map((container?.instances ?? []).map((instance) => [instance.name, instance]));
  return [...new Set([...current.keys(), ...wanted.keys()])].map((name) => [
    wanted.get(name)?.engineName ?? instanceEngineName(plan.stack, subject.application, name),
    current.get(name) ?? null,
    wanted.get(name) ?? null,
  ]);
}

/** Who connects there counts by where the old generation serves; how it is left, by where the new one does. */
function socketFacts(
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
  isDrained: boolean,
): SocketFacts {
  const before = old === null ? null : socketPlace(old.spec, mountedVolumes(old.spec));
  const socket = instance?.socket ?? null;
  if (instance === null || old === null) {
    if (before === null && socket === null) return { kind: 'none', own: false, elsewhere: false };
    return {
      kind: socket?.movable === true || isDrained ? 'movable' : 'fixed',
      own: isDrained,
      elsewhere: false,
    };
  }
  const elsewhere =
    (before === null ? null : placeKey(before)) !== (socket === null ? null : placeKey(socket));
  if (before === null || socket === null) return { kind: 'none', own: false, elsewhere };
  const own = isDrained && hasOwnSocket(old, instance.engineName);
  return { kind: socket.movable ? 'movable' : 'fixed', own, elsewhere };
}

/** What says that it is ready; by its name alone, a gate does not say whether the image checks itself. */
function gateFacts(instance: DesiredInstance | null, siblings: readonly ObservedContainer[]): GateFacts {
  if (instance === null) return { kind: 'uptime', uptimeMs: 0 };
  const { gate } = instance;
  const { limitMs } = gate;
  if (gate.kind !== 'engine') return { kind: gate.kind, limitMs };
  return (gate.healthcheck ?? siblings.some(({ health }) => health !== 'none'))
    ? { kind: 'healthcheck', limitMs }
    : { kind: 'uptime', uptimeMs: gate.uptimeMs };
}

function foundFacts(instance: DesiredInstance | null): FoundFacts | null {
  const by = instance === null ? null : foundBy(instance);
  if (instance === null || by === null || instance.socket !== null || instance.spec.network !== 'stack')
    return null;
  return { by, lacks: lacksOf(instance) ?? (instance.port === null ? '`port`' : null) };
}

function hostPortMoves(
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
): VerdictFacts['hostPortMoves'] {
  if (instance === null) return null;
  const [before, after] = [fixedPorts(old?.spec?.ports ?? []), fixedPorts(instance.spec.ports)];
  const lost = before.find((port) => !after.some((other) => portsOverlap(port, other)));
  if (lost === undefined) return null;
  const instead = after.find((port) => !before.some((other) => portsOverlap(port, other)));
  return { from: lost.hostPort, to: instead?.hostPort ?? null };
}

function portOf(instance: DesiredInstance | null, old: ObservedContainer | null): number | null {
  const recorded = instance === null ? recordedPort(old?.spec ?? null) : null;
  if (typeof recorded === 'number') return recorded;
  return instance?.port ?? (old?.spec ?? instance?.spec)?.ports[0]?.containerPort ?? null;
}

function imageName(container: DesiredContainer | undefined, old: ObservedContainer | null): string {
  return (old?.spec?.image ?? container?.image.reference ?? '').replace(/@.*$/s, '').replace(/:[^:/]*$/, '');
}

function programs(instance: DesiredInstance | null, old: ObservedContainer | null): readonly string[] {
  const words = old === null ? [instance?.entrypoint, instance?.command] : [old.entrypoint, old.command];
  return words.flatMap((list) => programOf(list ?? []) ?? []);
}

/** As the plan stops it. */
function stopSeconds(operations: readonly Operation[], old: ObservedContainer | null): number {
  const stop = operations.find((op) => op.kind === 'container.stop' && isOldOne(op.target, old));
  return stop?.kind === 'container.stop' ? (stop.timeoutS ?? ENGINES_STOP_S) : ENGINES_STOP_S;
}

/** What else is drained in the same turn was left over by another apply. */
function drainSeconds(
  operations: readonly Operation[],
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
): number {
  const drain = operations.find(
    (op) => (op.kind === 'socket.drain' || op.kind === 'ports.drain') && isOldOne(op.target, old),
  );
  return drain?.kind === 'socket.drain' || drain?.kind === 'ports.drain'
    ? drain.limitS
    : (instance?.stop.drainS ?? DRAIN_S);
}

function isStopped(operations: readonly Operation[], one: ObservedContainer): boolean {
  return operations.some((op) => op.kind === 'container.stop' && isOldOne(op.target, one));
}

function isOldOne(target: ContainerRef, old: ObservedContainer | null): boolean {
  return target.kind === 'existing' && target.id === old?.id;
}
