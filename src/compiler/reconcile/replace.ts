import { leftBehind } from './adopted.ts';
import { generationSocketName } from '../desired/desired-state.ts';
import type { ContainerKey, DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { BackTurn, NodeId } from '../plan/plan.ts';
import { awaitedAgain, planBack } from './back.ts';
import { leadsTo } from './balancers.ts';
import { restartText } from './compare.ts';
import { coverOf } from './cover.ts';
import { besideItself } from './decide.ts';
import type { Decided } from './decide.ts';
import { hasOwnSocket, reached, socketPlace, unlink } from './sockets.ts';
import type { SocketScope } from './sockets.ts';
import { addSteps, scopeOf } from './steps.ts';
import { restOf, strategies } from './strategies.ts';
import { retire } from './tidy.ts';
import { existing, outgoing } from './turn.ts';
import type { Turn } from './turn.ts';

/** What an instance waits for. */
export interface Awaited {
  /** Before its new generation is created. */
  readonly begin: readonly NodeId[];
  /** Before its new generation is asked whether it is ready. */
  readonly serve: readonly NodeId[];
  /** Others of its container are replaced before it. */
  readonly hasForerunners?: boolean;
  /** What it replaced in an apply that was cut off, and goes back to until this one is over. */
  readonly predecessor?: ObservedContainer | null;
}

/** What an instance must know of the others. */
export interface RollScope {
  readonly sockets: SocketScope;
  /** Takes in what is done only when something fails. */
  readonly contingent: PlanBuilder;
  /** The very apply that was cut off is gone on with. */
  readonly goesOn: boolean;
  /** The plan has the agent that asks over the host's network. */
  readonly hasHostAgent: boolean;
  /** Engine names of instances that links of the file lead to. */
  readonly linked: ReadonlySet<string>;
  /** Who leaves and must stop just before this instance starts. */
  readonly handover: (container: ContainerKey, index: number) => readonly ObservedContainer[];
}

/** What came of planning that one generation takes the place of another. */
export interface Replaced {
  /** All of it, but what waits until everything is over. */
  readonly last: readonly NodeId[];
  /** The new generation runs, and is not asked yet. Empty when nothing is done, or it does not begin by itself. */
  readonly running: readonly NodeId[];
  /** The new generation serves in the place of the old one: what the next instance waits for. Null: when all of it is done. */
  readonly serving: readonly NodeId[] | null;
  /** The new generation is watched no longer: what the removal of old ones waits for. Empty where it is not watched. */
  readonly monitored: readonly NodeId[];
  /** The new generation; null where none is made. */
  readonly made: ContainerRef | null;
  /** How it goes back to the old one; null where it cannot. */
  readonly back: BackTurn | null;
  readonly notes: readonly string[];
  /** Generations to remove when everything is over: they are the way back until then. */
  readonly cleanup: (after: readonly NodeId[]) => void;
}

export const NOTHING_REPLACED: Omit<Replaced, 'last'> = {
  running: [],
  serving: null,
  monitored: [],
  made: null,
  back: null,
  notes: [],
  cleanup: () => {},
};

/** Makes the next generation of an instance and puts it in the place of the current one, if there is one. */
export function replaceCurrent(
  builder: PlanBuilder,
  decided: Decided,
  { begin, serve, hasForerunners = false }: Awaited,
  scope: RollScope,
  {
    others,
    generation,
    kept,
  }: {
    /** Those of its container that serve meanwhile. */
    readonly others: readonly Decided[];
    readonly generation: number;
    /** Failed ones, which are kept for inspection until everything is over. */
    readonly kept: readonly ObservedContainer[];
  },
): Replaced {
  const { instance, container, standing, decision, successor } = decided;
  const group = instance.key;
  const replaced = decision === 'replace' ? standing.current : null;
  const next: ContainerRef =
    successor === null ? { kind: 'created', instance: instance.key, generation } : existing(successor);
  const whole = strategies[replaced === null ? 'create' : container.strategy.order];
  const strategy = successor === null ? whole : restOf(whole);
  const turn = turnOf(decided, { replaced, next, generation, hasForerunners }, scope, others);
  // Back to an old one that does not run would be worse; without any, the next apply makes another one.
  const isBetter = replaced === null || replaced.state === 'running';
  const undoScope = successor === null || isBetter ? scopeOf(turn) : null;
  const running = addSteps(builder, group, strategy.begin, turn, begin, undoScope);
  const published = addSteps(builder, group, strategy.serve, turn, [...running, ...serve], undoScope);
  const current = addSteps(builder, group, strategy.switch, turn, published, undoScope);
  const last = addSteps(builder, group, strategy.settle, turn, current, null);
  const notes = turn.handover.map(
    (leaving) => `${leaving.instance} hands over to it: it stops just before the start`,
  );
  if (replaced !== null && replaced.anonymousVolumes.length > 0) {
    const targets = replaced.anonymousVolumes.join(', ');
    notes.push(`its image's own volume at ${targets} starts empty; the old one is kept on the engine`);
  }
  if (replaced !== null) notes.push(...leftBehind(instance, replaced));
  const spent = replaced === null ? kept : [replaced, ...kept];
  const isPublished = container.strategy.order === 'start-first' && instance.socket?.movable === true;
  return {
    last,
    running,
    // Who has no socket of its own is reached by its name.
    serving: isPublished ? published : current,
    ...(replaced === null
      ? { monitored: [], back: null }
      : watch(builder, decided, turn, last, scope, others)),
    made: next,
    notes,
    cleanup: removal(builder, instance, spent, generation, scope.sockets),
  };
}

/**
 * What is left to do where an apply that was cut off has replaced an instance already, whose new generation runs from `after` on:
 * what the old one still does comes to its end, and it stays the way back until everything is over. `from`: before anything of that.
 */
export function goOn(
  builder: PlanBuilder,
  decided: Decided,
  predecessor: ObservedContainer,
  { from, after }: { readonly from: readonly NodeId[]; readonly after: readonly NodeId[] },
  scope: RollScope,
  others: readonly Decided[],
): Replaced {
  const { instance, standing } = decided;
  const { current } = standing;
  if (current === null) return { ...NOTHING_REPLACED, last: after };
  const { sockets } = scope;
  const { key: group, engineName, socket, stop } = instance;
  const { generation } = current;
  const next = existing(current);
  const replaced = asItServed(predecessor, engineName);
  const container = besideItself(decided.container, instance, replaced);
  const before: Decided = { ...decided, container, standing: { ...standing, current: replaced } };
  const turn = turnOf(before, { replaced, next, generation, hasForerunners: false }, scope, others);
  const undoScope = scopeOf(turn);
  const add = (verb: string, op: Operation, last: readonly NodeId[], reason: string) => [
    builder.add(group, `${verb} ${generation}`, op, last, reason, { undoScope }),
  ];
  let last = after;
  // The engine is about to start it again; until then the old one may be all that serves.
  if (current.state === 'restarting' && predecessor.state === 'running') {
    const op = { kind: 'container.gate', instance: group, generation, target: next } as const;
    last = add('gate', op, last, 'before the one that serves stops');
  }
  const leaving = {
    instance,
    leftover: predecessor,
    current: { ...current, state: 'running' },
    sockets,
  } as const;
  last = retire(builder, leaving, last);
  // Until the balancer counts on this one, the next one must not go.
  if (turn.cover === 'siblings' && socket !== null) {
    const limits = { count: turn.arrivals, limitS: stop.drainS };
    const op = reached(socket, engineName, next, generation, limits);
    last = add('await balancer', op, last, 'the next one goes only then');
  }
  return {
    ...NOTHING_REPLACED,
    last,
    ...watch(builder, before, turn, last, scope, others, from),
    made: next,
    notes: [
      `replaced generation ${predecessor.generation} before the apply was cut off; that one is the way back until this one is over`,
    ],
    cleanup: removal(builder, instance, [predecessor], generation, sockets),
  };
}

/** The turn in which `next` takes the place of `replaced`. */
export function turnOf(
  decided: Decided,
  {
    replaced,
    next,
    generation,
    hasForerunners,
  }: Pick<Turn, 'next' | 'generation' | 'hasForerunners'> & { readonly replaced: ObservedContainer | null },
  { sockets, handover }: RollScope,
  others: readonly Decided[],
): Turn {
  const { instance, container } = decided;
  const oldPlace = socketPlace(replaced?.spec ?? null, sockets.reach);
  const listing = sockets.tellers.get(instance.engineName) ?? [];
  const tellers = listing.filter((teller) => leadsTo(teller, instance));
  const cover = coverOf(decided, { oldPlace, tellers, others, wanted: sockets.wanted });
  const arrivals = sockets.arrivals(instance.engineName, replaced);
  return {
    way: 'forward',
    container: container.key,
    instance,
    hasForerunners,
    generation,
    next,
    nextName: instance.engineName,
    old: replaced === null ? null : outgoing(replaced, instance.engineName),
    cover,
    oldPlace,
    handover: handover(container.key, instance.index),
    tellers,
    awaitOld: awaitedAgain(decided, { cover, arrivals, hasSiblings: others.length > 0 }, sockets),
    arrivals,
    sockets,
  };
}

/** What holds for a while when a turn is over at `last`: the new generation is watched, and there is a way back from `from`. */
function watch(
  builder: PlanBuilder,
  decided: Decided,
  turn: Turn,
  last: readonly NodeId[],
  { contingent, hasHostAgent }: RollScope,
  others: readonly Decided[],
  from = last,
): Pick<Replaced, 'monitored' | 'back'> {
  const { onFailure, monitorMs: ms } = decided.container.rollout;
  const surroundings = { after: from, hasSiblings: others.length > 0, hasHostAgent };
  const back = onFailure === 'rollback' ? planBack(contingent, decided, turn, surroundings) : null;
  const { generation, next: target, instance } = turn;
  const op = { kind: 'container.monitor', target, ms } as const;
  const name = `monitor ${generation}`;
  const monitored = ms > 0 ? [builder.add(instance.key, name, op, last, 'it may end yet')] : [];
  return { monitored, back };
}

function removal(
  builder: PlanBuilder,
  { key: group, engineName }: DesiredInstance,
  spent: readonly ObservedContainer[],
  generation: number,
  sockets: SocketScope,
): Replaced['cleanup'] {
  return (everything) => {
    for (const old of spent) {
      const op = { kind: 'container.remove', target: existing(old), volumes: false } as const;
      const reason = `replaced by generation ${generation}`;
      const removed = builder.add(group, `remove ${old.generation}`, op, everything, reason);
      const place = socketPlace(old.spec, sockets.reach);
      if (place === null || old.phase !== 'failed' || !hasOwnSocket(old, engineName)) continue;
      // Who was killed while no agent ran has left it, and nobody has seen it since.
      const clear = unlink(place, generationSocketName(engineName, old.generation));
      builder.add(group, `clear ${old.generation}`, clear, [removed], 'left over');
    }
  };
}

/** An old generation as it was before it was replaced. */
function asItServed(old: ObservedContainer, engineName: string): ObservedContainer {
  const restart = old.spec === null ? old.restart : restartText(old.spec.restart);
  return { ...old, engineName, phase: 'current', state: 'running', restart };
}
