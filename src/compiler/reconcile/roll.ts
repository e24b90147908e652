import type { ContainerKey } from '../desired/desired-state.ts';
import type { ContainerRef } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Action, Change, NodeId } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import type { Decided } from './decide.ts';
import { existing, publish, steps, strategies } from './steps.ts';
import type { Step, Turn } from './steps.ts';
import { generationSocketName } from '../desired/desired-state.ts';
import { socketPlace, tidyGeneration } from './tidy.ts';
import { count, gateWords, instanceNotes } from './words.ts';

/** What came of planning one instance. */
export interface Rolled {
  readonly change: Change;
  /** What the next instance, and dependents, wait for; empty when nothing is done. */
  readonly ready: readonly NodeId[];
  /** Generations to remove when everything is over: they are the way back until then. */
  readonly cleanup: (after: readonly NodeId[]) => void;
}

/** Plans one instance: puts its name right, tidies what is left over, then does what was decided. */
export function rollInstance(
  builder: PlanBuilder,
  decided: Decided,
  after: readonly NodeId[],
  waitsFor: readonly string[],
  reach: ReadonlySet<string>,
): Rolled {
  const { instance, container, standing, decision } = decided;
  const group = instance.key;
  const notes: string[] = [];
  let last = rescue(builder, decided, after, notes);

  const retries = decision === 'replace' || decision === 'create';
  const stale = retries || decision === 'hold' || decision === 'start-held' ? [] : standing.failed;
  for (const leftover of [...standing.leftovers, ...stale]) {
    last = tidyGeneration(builder, group, instance.engineName, leftover, standing.current, last, reach);
    notes.push(`removes generation ${leftover.generation}, left over as ${leftover.phase}`);
  }
  const tidied = last !== after;
  for (const failed of retries ? standing.failed : []) {
    notes.push(`generation ${failed.generation} failed and is kept as ${failed.engineName} until then`);
  }

  const generation = standing.latest + 1;
  let cleanup: Rolled['cleanup'] = () => {};
  switch (decision) {
    case 'create':
    case 'replace': {
      const replaced = decision === 'replace' ? standing.current : null;
      const next: ContainerRef = { kind: 'created', instance: instance.key, generation };
      const strategy = strategies[replaced === null ? 'create' : container.strategy.order];
      const oldPlace = socketPlace(replaced?.spec ?? null, reach);
      const turn: Turn = { instance, generation, next, old: replaced, oldPlace };
      const scope = `${group}.${generation}`;
      last = addSteps(builder, group, strategy.switch, turn, last, scope);
      last = addSteps(builder, group, strategy.settle, turn, last, null);
      const spent = replaced === null ? standing.failed : [replaced, ...standing.failed];
      cleanup = (everything) => {
        for (const old of spent) {
          const op = { kind: 'container.remove', target: existing(old) } as const;
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
    case 'start-held': {
      const current = standing.current;
      if (current === null) break;
      const turn: Turn = {
        instance,
        generation: current.generation,
        next: existing(current),
        old: null,
        oldPlace: null,
      };
      last = addSteps(builder, group, strategies.start.switch, turn, last, null);
      if (decision === 'start-held')
        notes.push(`held: ${count(decided.difference.replace.length, 'change')}`);
      break;
    }
    case 'unpause':
      if (standing.current !== null) {
        const op = { kind: 'container.unpause', target: existing(standing.current) } as const;
        last = [builder.add(group, 'unpause', op, last, 'paused by hand')];
      }
      break;
    case 'update':
      last = update(builder, decided, last);
      break;
    case 'leave':
    case 'hold':
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
    gate: starts ? gateWords(instance.gate) : null,
    waitsFor: starts ? waitsFor : [],
    notes: [...notes, ...(starts ? instanceNotes(instance) : []), ...stopNote(decided)],
  };
  return { change, ready: last === after ? [] : last, cleanup };
}

function stopNote({ decision, instance }: Decided): readonly string[] {
  if (decision !== 'replace') return [];
  const { signal, timeoutS, why } = instance.stop;
  return [`stops with ${signal ?? "its image's signal"} and ${timeoutS} s to end (${why})`];
}

function actionOf({ decision }: Decided, tidied: boolean): Action {
  switch (decision) {
    case 'leave':
      return tidied ? 'tidy' : 'none';
    case 'start-held':
      return 'start';
    case 'unpause':
      return 'update';
    case 'create':
    case 'replace':
    case 'start':
    case 'update':
    case 'hold':
    case 'schedule':
      return decision;
    default:
      return unreachable(decision);
  }
}

function addSteps(
  builder: PlanBuilder,
  group: string,
  names: readonly Step[],
  turn: Turn,
  after: readonly NodeId[],
  undoScope: string | null,
): readonly NodeId[] {
  let last = after;
  for (const name of names) {
    for (const { verb, op, reason, undo } of steps[name](turn)) {
      const extras = undoScope === null ? {} : { undoScope, undo };
      last = [builder.add(group, verb, op, last, reason, extras)];
    }
  }
  return last;
}

/** An apply that was cut off between its renames, or a container that somebody renamed, gets its name back. */
function rescue(
  builder: PlanBuilder,
  { instance, standing }: Decided,
  after: readonly NodeId[],
  notes: string[],
): readonly NodeId[] {
  const { current, rescue: kind } = standing;
  if (current === null || kind === null) return after;
  const words = {
    finish: `finishes the switch to generation ${current.generation}, which was cut off`,
    restore: `goes back to generation ${current.generation}: its successor is gone`,
    renamed: `was renamed to ${current.engineName} by hand`,
  } as const;
  notes.push(words[kind]);
  let last: readonly NodeId[] = [
    builder.add(
      instance.key,
      'name',
      { kind: 'container.rename', target: existing(current), name: instance.engineName },
      after,
      words[kind],
    ),
  ];
  if (kind === 'restore' && instance.socket?.movable === true) {
    const op = publish(instance.socket, generationSocketName(instance.engineName, current.generation));
    last = [builder.add(instance.key, 'publish again', op, last, words[kind])];
  }
  return last;
}

function update(
  builder: PlanBuilder,
  { instance, standing }: Decided,
  after: readonly NodeId[],
): readonly NodeId[] {
  const current = standing.current;
  if (current === null) return after;
  let last = after;
  const { name, maxRetries } = instance.spec.restart;
  const target = existing(current);
  last = [
    builder.add(
      instance.key,
      'policy',
      { kind: 'container.policy', target, policy: name, maxRetries },
      last,
      'differs',
    ),
  ];
  for (const network of instance.spec.networks) {
    if (current.networks[network] !== undefined) continue;
    const op = { kind: 'container.connect', target, network } as const;
    last = [builder.add(instance.key, `join ${network}`, op, last, 'disconnected by hand')];
  }
  return last;
}

/** How a change names everything it waits for in another container. */
export function waitName(key: ContainerKey, changes: readonly Change[]): string {
  const only = changes.length === 1 ? changes[0] : undefined;
  return only?.id ?? key;
}
