import type { ContainerKey } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Action, BackTurn, Change, NodeId } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import { awaitedAgain, planBack } from './back.ts';
import { leadsTo } from './balancers.ts';
import type { Decided } from './decide.ts';
import { madeContainer } from './made-container.ts';
import { awaitCurrent, publishAgain, rescue } from './rescue.ts';
import { socketPlace } from './sockets.ts';
import type { SocketScope } from './sockets.ts';
import { STAYING } from './mode-table.ts';
import { reload, reloadGate, reloadNotes } from './reload.ts';
import { start, update } from './start.ts';
import { addSteps, scopeOf } from './steps.ts';
import { existing, outgoing } from './turn.ts';
import { coverOf, stillServes } from './cover.ts';
import type { Turn } from './turn.ts';
import { restOf, strategies } from './strategies.ts';
import { tidyGeneration } from './tidy.ts';
import { count, gateWords, instanceNotes } from './words.ts';

/** What came of planning one instance. */
export interface Rolled {
  readonly change: Change;
  /** The new generation runs, and is not asked yet. Empty when nothing is done, or it does not begin by itself. */
  readonly running: readonly NodeId[];
  /** The new generation serves in the place of the old one: what the next instance waits for. Empty when nothing is done. */
  readonly serving: readonly NodeId[];
  /** The old one is gone as well: what dependents wait for. Empty when nothing is done. */
  readonly ready: readonly NodeId[];
  /** The new generation is watched no longer: what the removal of old ones waits for. Empty where it is not watched. */
  readonly monitored: readonly NodeId[];
  /** The new generation; null where none is made. */
  readonly made: ContainerRef | null;
  /** How it goes back to the old one; null where it cannot. */
  readonly back: BackTurn | null;
  /** Generations to remove when everything is over: they are the way back until then. */
  readonly cleanup: (after: readonly NodeId[]) => void;
}

/** What an instance waits for. */
export interface Awaited {
  /** Before its new generation is created. */
  readonly begin: readonly NodeId[];
  /** Before its new generation is asked whether it is ready. */
  readonly serve: readonly NodeId[];
  /** Others of its container are replaced before it. */
  readonly hasForerunners?: boolean;
}

/** What an instance must know of the others. */
export interface RollScope {
  readonly sockets: SocketScope;
  /** Takes in what is done only when something fails. */
  readonly contingent: PlanBuilder;
  /** The plan has the agent that asks over the host's network. */
  readonly hasHostAgent: boolean;
  /** Who leaves and must stop just before this instance starts. */
  readonly handover: (container: ContainerKey, index: number) => readonly ObservedContainer[];
}

/** Plans one instance, while `others` of its container serve: puts its name right, tidies what is left over, then does what was decided. */
export function rollInstance(
  builder: PlanBuilder,
  decided: Decided,
  { begin: after, serve, hasForerunners = false }: Awaited,
  waitsFor: readonly string[],
  scope: RollScope,
  others: readonly Decided[],
): Rolled {
  const { instance, container, standing, decision, successor } = decided;
  const group = instance.key;
  const notes: string[] = [];
  let last = rescue(builder, decided, after, notes, scope.sockets);

  const retries = decision === 'replace' || decision === 'create';
  // One that somebody has started to look at it may have what the next one needs: a port, a volume.
  const stale =
    retries || decision === 'hold' || decision === 'start-held'
      ? standing.failed.filter(({ state }) => state !== 'created' && state !== 'exited' && state !== 'dead')
      : standing.failed;
  const kept = standing.failed.filter((failed) => !stale.includes(failed));
  const serves = stillServes(decided);
  const tidy = (leftover: ObservedContainer, current: ObservedContainer | null) => {
    last = tidyGeneration(builder, group, instance, leftover, current, last, scope.sockets);
    notes.push(
      leftover.phase === 'current'
        ? `removes ${leftover.engineName}, a copy of generation ${leftover.generation} made by hand`
        : `removes generation ${leftover.generation}, left over as ${leftover.phase}`,
    );
  };
  for (const leftover of [...standing.leftovers, ...stale])
    if (leftover !== successor && !serves.includes(leftover)) tidy(leftover, standing.current);
  const tidyServing = () => {
    for (const leftover of serves)
      tidy(leftover, standing.current === null ? null : { ...standing.current, state: 'running' });
  };
  if (serves.length > 0 && STAYING.has(decision)) {
    last = awaitCurrent(builder, decided, last);
    tidyServing();
  }
  const tidied = last !== after;
  last = publishAgain(builder, decided, last, scope.sockets);
  for (const failed of retries ? kept : []) {
    notes.push(`generation ${failed.generation} failed and is kept as ${failed.engineName} until then`);
  }

  const generation = successor?.generation ?? standing.latest + 1;
  let cleanup: Rolled['cleanup'] = () => {};
  let running: readonly NodeId[] = [];
  let serving: readonly NodeId[] | null = null;
  let monitored: readonly NodeId[] = [];
  let back: BackTurn | null = null;
  let made: ContainerRef | null = null;
  switch (decision) {
    case 'create':
    case 'replace': {
      const replaced = decision === 'replace' ? standing.current : null;
      const next: ContainerRef =
        successor === null ? { kind: 'created', instance: instance.key, generation } : existing(successor);
      made = next;
      const whole = strategies[replaced === null ? 'create' : container.strategy.order];
      const strategy = successor === null ? whole : restOf(whole);
      const oldPlace = socketPlace(replaced?.spec ?? null, scope.sockets.reach);
      const handover = scope.handover(container.key, instance.index);
      const listing = scope.sockets.tellers.get(instance.engineName) ?? [];
      const tellers = listing.filter((teller) => leadsTo(teller, instance));
      const cover = coverOf(decided, { oldPlace, tellers, others, wanted: scope.sockets.wanted });
      const arrivals = scope.sockets.arrivals(instance.engineName, replaced);
      const turn: Turn = {
        way: 'forward',
        container: container.key,
        instance,
        hasForerunners,
        generation,
        next,
        old: replaced === null ? null : outgoing(replaced, instance.engineName),
        cover,
        oldPlace,
        handover,
        tellers,
        awaitOld: awaitedAgain(decided, { cover, arrivals, hasSiblings: others.length > 0 }, scope.sockets),
        arrivals,
        sockets: scope.sockets,
      };
      // Back to an old one that does not run would be worse; without any, the next apply makes another one.
      const isBetter = replaced === null || replaced.state === 'running';
      const undoScope = successor === null || isBetter ? scopeOf(turn) : null;
      last = addSteps(builder, group, strategy.begin, turn, last, undoScope);
      running = last;
      last = addSteps(builder, group, strategy.serve, turn, [...last, ...serve], undoScope);
      const published = last;
      last = addSteps(builder, group, strategy.switch, turn, last, undoScope);
      // Who has no socket of its own is reached by its name.
      serving =
        container.strategy.order === 'start-first' && instance.socket?.movable === true ? published : last;
      for (const leaving of handover)
        notes.push(`${leaving.instance} hands over to it: it stops just before the start`);
      if (replaced !== null && replaced.anonymousVolumes.length > 0) {
        const targets = replaced.anonymousVolumes.join(', ');
        notes.push(`its image's own volume at ${targets} starts empty; the old one is kept on the engine`);
      }
      last = addSteps(builder, group, strategy.settle, turn, last, null);
      if (replaced !== null) {
        const { onFailure, monitorMs: ms } = container.rollout;
        if (onFailure === 'rollback') {
          const surroundings = {
            after: last,
            hasSiblings: others.length > 0,
            hasHostAgent: scope.hasHostAgent,
          };
          back = planBack(scope.contingent, decided, turn, surroundings);
        }
        const op = { kind: 'container.monitor', target: next, ms } as const;
        if (ms > 0) monitored = [builder.add(group, `monitor ${generation}`, op, last, 'it may end yet')];
      }
      const spent = replaced === null ? kept : [replaced, ...kept];
      cleanup = (everything) => {
        for (const old of spent) {
          const op = { kind: 'container.remove', target: existing(old), volumes: false } as const;
          builder.add(
            group,
            `remove ${old.generation}`,
            op,
            everything,
            `replaced by generation ${generation}`,
          );
        }
      };
      break;
    }
    case 'start':
    case 'start-held':
      last = start(builder, decided, last, scope.sockets);
      tidyServing();
      if (decision === 'start-held')
        notes.push(`held: ${count(decided.difference.replace.length, 'change')}`);
      break;
    case 'unpause':
      if (standing.current !== null) {
        const op = { kind: 'container.unpause', target: existing(standing.current) } as const;
        last = [builder.add(group, 'unpause', op, last, 'paused by hand')];
        last = update(builder, decided, last, scope.sockets);
      }
      break;
    case 'update':
      last = update(builder, decided, last, scope.sockets);
      break;
    case 'reload':
      last = update(builder, decided, reload(builder, decided, last), scope.sockets);
      break;
    case 'hold':
      if (last !== after) {
        const { replace, files } = decided.difference;
        notes.push(`held: ${count(replace.length + files.length, 'change')}`);
      }
      break;
    case 'leave':
    case 'schedule':
      break;
    default:
      return unreachable(decision);
  }

  const action = actionOf(decided, tidied);
  const starts = retries || decision === 'start' || decision === 'start-held';
  const change: Change = {
    id: group,
    subject: {
      kind: 'instance',
      application: container.application,
      container: container.name,
      instance: instance.name,
    },
    action,
    reasons: decided.reasons,
    from: standing.current?.generation ?? null,
    to: retries ? generation : (standing.current?.generation ?? null),
    strategy:
      decision === 'replace' ? { order: container.strategy.order, why: container.strategy.why } : null,
    gate:
      starts || decision === 'reload'
        ? gateWords(decision === 'reload' ? reloadGate(instance.gate) : instance.gate)
        : null,
    makes: retries && successor === null ? madeContainer(container, instance) : null,
    judgement: null,
    waitsFor: starts || decision === 'reload' ? waitsFor : [],
    notes: [
      ...notes,
      ...(starts ? instanceNotes(instance) : []),
      ...stopNote(decided),
      ...reloadNotes(decided),
    ],
  };
  const ready = last === after ? [] : last;
  return { change, running, serving: serving ?? ready, ready, monitored, made, back, cleanup };
}

function stopNote({ decision, instance }: Decided): readonly string[] {
  if (decision !== 'replace') return [];
  const { signal, timeoutS, why } = instance.stop;
  return [`stops with ${signal ?? "its image's signal"} and ${timeoutS} s to end (${why})`];
}

function actionOf({ decision, link, standing }: Decided, tidied: boolean): Action {
  switch (decision) {
    case 'leave':
    case 'hold':
      if (link !== null || standing.rescue === 'renamed') return 'update';
      return tidied ? 'tidy' : decision === 'leave' ? 'none' : 'hold';
    case 'start-held':
      return 'start';
    case 'unpause':
      return 'update';
    case 'create':
    case 'replace':
    case 'start':
    case 'update':
    case 'reload':
    case 'schedule':
      return decision;
    default:
      return unreachable(decision);
  }
}

/** How a change names everything it waits for in another container. */
export function waitName(key: ContainerKey, changes: readonly Change[]): string {
  const only = changes.length === 1 ? changes[0] : undefined;
  return only?.id ?? key;
}
