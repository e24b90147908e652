import type { ContainerKey } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Action, Change, NodeId } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import { joinNetworks, joinNotes, networksToJoin } from './adopted.ts';
import type { Decided } from './decide.ts';
import { madeContainer } from './made-container.ts';
import { awaitCurrent, publishAgain, rescue } from './rescue.ts';
import { STAYING } from './mode-table.ts';
import { goOn, NOTHING_REPLACED, replaceCurrent } from './replace.ts';
import type { Awaited, Replaced, RollScope } from './replace.ts';
import { reload, reloadGate, reloadNotes } from './reload.ts';
import { start, update } from './start.ts';
import { stillServes } from './cover.ts';
import { tidyGeneration } from './tidy.ts';
import { existing } from './turn.ts';
import { count, gateWords, instanceNotes } from './words.ts';

/** What came of planning one instance. */
export interface Rolled extends Omit<Replaced, 'last' | 'serving' | 'notes'> {
  readonly change: Change;
  /** It serves: what the next instance waits for. Empty when nothing is done. */
  readonly serving: readonly NodeId[];
  /** All is done, and the old one is gone as well: what dependents wait for. Empty when nothing is done. */
  readonly ready: readonly NodeId[];
}

/** Plans one instance, while `others` of its container serve: puts its name right, tidies what is left over, then does what was decided. */
export function rollInstance(
  builder: PlanBuilder,
  decided: Decided,
  { begin: after, serve, hasForerunners = false, predecessor = null }: Awaited,
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
  const serves = stillServes(decided).filter((leftover) => leftover !== predecessor);
  const tidy = (leftover: ObservedContainer, current: ObservedContainer | null) => {
    last = tidyGeneration(builder, { instance, leftover, current, sockets: scope.sockets }, last);
    notes.push(
      leftover.phase === 'current'
        ? `removes ${leftover.engineName}, a copy of generation ${leftover.generation} made by hand`
        : `removes generation ${leftover.generation}, left over as ${leftover.phase}`,
    );
  };
  for (const leftover of [...standing.leftovers, ...stale])
    if (leftover !== successor && leftover !== predecessor && !serves.includes(leftover))
      tidy(leftover, standing.current);
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

  const from = last;
  const generation = successor?.generation ?? standing.latest + 1;
  let replaced: Replaced = { ...NOTHING_REPLACED, last };
  switch (decision) {
    case 'create':
    case 'replace': {
      const turns = { begin: last, serve, hasForerunners };
      replaced = replaceCurrent(builder, decided, turns, scope, { others, generation, kept });
      ({ last } = replaced);
      notes.push(...replaced.notes);
      break;
    }
    case 'start':
    case 'start-held':
      last = joinNetworks(builder, decided, scope, last);
      last = start(builder, decided, last, scope.sockets, predecessor !== null);
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
      last = joinNetworks(builder, decided, scope, last);
      notes.push(...joinNotes(decided, scope));
      if (last !== after) {
        const { replace, files } = decided.difference;
        notes.push(`held: ${count(replace.length + files.length, 'change')}`);
      }
      break;
    case 'leave':
      break;
    default:
      return unreachable(decision);
  }

  if (predecessor !== null) {
    replaced = goOn(builder, decided, predecessor, { from, after: last }, scope, others);
    ({ last } = replaced);
    notes.push(...replaced.notes);
  }

  const action = actionOf(decided, {
    tidied: tidied || predecessor !== null,
    joins: networksToJoin(decided, scope).length > 0,
  });
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
  const { running, serving, monitored, made, back, cleanup } = replaced;
  return { change, running, serving: serving ?? ready, ready, monitored, made, back, cleanup };
}

function stopNote({ decision, instance }: Decided): readonly string[] {
  if (decision !== 'replace') return [];
  const { signal, timeoutS, why } = instance.stop;
  return [`stops with ${signal ?? "its image's signal"} and ${timeoutS} s to end (${why})`];
}

function actionOf(
  { decision, link, standing }: Decided,
  { tidied, joins }: { readonly tidied: boolean; readonly joins: boolean },
): Action {
  switch (decision) {
    case 'leave':
    case 'hold':
      if (link !== null || standing.rescue === 'renamed') return 'update';
      if (joins) return 'update';
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
