import type { ContainerKey } from '../desired/desired-state.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
import type { Healing, PlanNode, PlanRequest, Reason } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import { named, type Decided } from './decide.ts';

/** What is left of the decisions when only what broke by itself is brought back. */
export interface DecidedHealing {
  readonly all: readonly Decided[];
  /** What is wrong and stays so. Code: STK431. */
  readonly left: readonly Diagnostic[];
}

/** Narrows decisions to a healing (ADR 0023); without one they stand. */
export function decideHealing(
  decided: readonly Decided[],
  { heal, force }: Pick<PlanRequest, 'heal' | 'force'>,
): DecidedHealing {
  if (heal === undefined) return { all: decided, left: [] };
  const wanted = new Set([...heal.names, ...force]);
  const forced = new Set(force);
  const all: Decided[] = [];
  const left: Diagnostic[] = [];
  for (const one of decided) {
    const { container, instance } = one;
    const isWanted = wanted.size === 0 || named(wanted, container, instance);
    const healed = isWanted ? healOne(one, heal, named(forced, container, instance)) : null;
    if (healed !== null && 'why' in healed) {
      const message = `\`${instance.name}\` is left as it is: ${healed.why}`;
      left.push(diagnostic('STK431', message, container.span, { severity: 'warning', help: healed.help }));
    }
    const rest = healed !== null && 'decision' in healed ? healed : asItIs(one);
    if (rest !== null) all.push(rest);
  }
  return { all, left };
}

/** The containers with anything to heal. */
export function healedContainers(decided: readonly Decided[]): ReadonlySet<ContainerKey> {
  const healed = decided.filter(
    ({ decision, link, standing: { leftovers, rescue } }) =>
      decision !== 'leave' || link !== null || leftovers.length > 0 || rescue !== null,
  );
  return new Set(healed.map(({ container }) => container.key));
}

/** Why something that is wrong stays so. */
interface Left {
  readonly why: string;
  readonly help: string;
}

/** How long who serves nobody is waited for; whoever it still answers has this long, in seconds. */
const HUNG_DRAIN_S = 10;

/** What a healing lets go is broken, or was half let go by one that was cut off: no request that waits there keeps it. */
export function lettingGo(nodes: readonly PlanNode[]): readonly PlanNode[] {
  return nodes.map((node) => {
    const { op } = node;
    if (op.kind !== 'socket.drain' && op.kind !== 'ports.drain') return node;
    return { ...node, op: { ...op, limitS: Math.min(op.limitS, HUNG_DRAIN_S), isHung: true } };
  });
}

const SEE_PLAN = '`stack plan` shows what an apply would do';

/** Null: nothing is wrong that a healing is for. */
function healOne(one: Decided, { asMade }: Healing, isForced: boolean): Decided | Left | null {
  const { container, standing, decision, link, successor } = one;
  const { current } = standing;
  const isSwitching = successor !== null || standing.rescue === 'finish' || standing.rescue === 'restore';
  // Where the last apply came to its end, it was a healing that was cut off: this one goes on with it.
  const isHalfDone = !asMade && (isSwitching || standing.leftovers.length > 0);
  const isBroken =
    isForced || isHalfDone || link !== null || !['leave', 'update', 'reload', 'hold'].includes(decision);
  if (!isBroken) return null;
  if (!container.heal) return { why: '`heal: false`', help: '`stack apply` brings it back' };
  if (current?.state === 'paused') return { why: 'it is paused', help: '`docker unpause` lets it go on' };
  if (asMade && isSwitching)
    return { why: 'an apply was cut off in the middle of it', help: '`stack status` says how to go on' };
  if (current?.state === 'removing')
    return { why: 'the engine is removing it', help: 'once it is gone, it is made again' };
  switch (decision) {
    case 'create':
      return asMade
        ? {
            why: 'it is gone, and the last apply did not come to its end',
            help: '`stack status` says how to go on',
          }
        : one;
    case 'start':
    case 'start-held':
      return asMade ? startAsMade(one) : one;
    case 'replace':
      if (current === null) return null;
      return current.state === 'running' || current.state === 'restarting'
        ? replaceRunning(one, { asMade, isForced, isHalfDone })
        : startOrReplace(one, asMade);
    case 'leave':
    case 'update':
    case 'reload':
    case 'hold':
      if (isHalfDone) return tidied(one);
      // Somebody has led its published name elsewhere. While an apply is unfinished that may have been the apply.
      return link === null || asMade ? null : { ...quiet(one), link, reasons: [link] };
    case 'unpause':
      return null;
    default:
      return unreachable(decision);
  }
}

/** Somebody has disconnected it: started as it is, nobody would reach it. */
function isOffNetwork({ kind, field, to }: Reason): boolean {
  return kind === 'drift' && field.startsWith('network ') && to === 'connected';
}

/** It runs and serves nobody. */
function replaceRunning(
  one: Decided,
  {
    asMade,
    isForced,
    isHalfDone,
  }: { readonly asMade: boolean; readonly isForced: boolean; readonly isHalfDone: boolean },
): Decided | Left | null {
  const { container, difference, successor } = one;
  if (!isForced && successor !== null) return one;
  if (!isForced) return isHalfDone ? tidied(one) : null;
  if (container.mode === 'manual')
    return { why: 'it is `manual`, and runs', help: '`stack apply --force` replaces it' };
  if (asMade)
    return { why: 'the last apply did not come to its end', help: '`stack status` says how to go on' };
  // By hand: a new generation is as it was applied.
  if (difference.replace.some((reason) => !isOffNetwork(reason)) || difference.files.length > 0)
    return { why: 'it is not as it was applied last', help: SEE_PLAN };
  return one;
}

/** What was applied last is not what it is: it comes back as it was, and no healing makes it another. */
function startOrReplace(one: Decided, asMade: boolean): Decided | Left {
  const { container, difference, standing } = one;
  const isAsApplied = difference.replace.every(isOffNetwork) && !asMade;
  if (standing.current?.state !== 'dead')
    return isAsApplied && container.mode === 'auto' ? one : startAsMade(one);
  return isAsApplied && container.mode === 'auto'
    ? one
    : { why: 'the engine cannot start it, and what should run is not known', help: SEE_PLAN };
}

/** Nothing of the file, and nothing that an apply has left over. */
function startAsMade(one: Decided): Decided {
  const { standing } = one;
  return { ...one, decision: 'start-held', standing: { ...standing, leftovers: [], failed: [] }, link: null };
}

/** It runs, and what was left over beside it goes. */
function tidied(one: Decided): Decided {
  return { ...quiet(one), standing: { ...one.standing, failed: [] } };
}

/** It stays as it is, whatever is to be said of it; null where it is not there. */
export function asItIs(one: Decided): Decided | null {
  return one.standing.current === null ? null : quiet(one);
}

function quiet(one: Decided): Decided {
  const standing = { ...one.standing, rescue: null, displaced: null, leftovers: [], failed: [] };
  const difference = { replace: [], update: [], reload: null, files: [] };
  return { ...one, standing, difference, decision: 'leave', link: null, reasons: [], successor: null };
}
