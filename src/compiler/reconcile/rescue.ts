import { generationSocketName } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { currentName } from './adopted.ts';
import type { Decided } from './decide.ts';
import { hasOwnSocket, publish, restore, socketPlace } from './sockets.ts';
import type { SocketScope } from './sockets.ts';
import { existing } from './turn.ts';

/** Waits for the current generation, which the engine is about to start again. A held one is not as the file says. */
export function awaitCurrent(
  builder: PlanBuilder,
  { instance, standing: { current }, decision }: Decided,
  after: readonly NodeId[],
): readonly NodeId[] {
  if (current === null) return after;
  const { generation } = current;
  const target = existing(current);
  const op: Operation =
    decision === 'hold'
      ? { kind: 'container.up', target }
      : { kind: 'container.gate', instance: instance.key, generation, target };
  return [builder.add(instance.key, `gate ${generation}`, op, after, 'before the one that serves stops')];
}

/** Points the published name at the generation that is current and stays: somebody removed it or led it elsewhere. */
export function publishAgain(
  builder: PlanBuilder,
  { instance, standing, link }: Decided,
  after: readonly NodeId[],
  sockets: SocketScope,
): readonly NodeId[] {
  const { current } = standing;
  const place = socketPlace(current?.spec ?? null, sockets.reach);
  if (link === null || current === null || place === null) return after;
  const op = publish(place, generationSocketName(instance.engineName, current.generation));
  return [builder.add(instance.key, 'publish again', op, after, 'changed by hand')];
}

/** An apply that was cut off between its renames, or a container that somebody renamed, gets its name back. */
export function rescue(
  builder: PlanBuilder,
  { instance, standing }: Decided,
  after: readonly NodeId[],
  notes: string[],
  sockets: SocketScope,
): readonly NodeId[] {
  const { current, rescue: kind, displaced } = standing;
  if (current === null || kind === null) return after;
  const words = {
    finish: `finishes the switch to generation ${current.generation}, which was cut off`,
    restore: `goes back to generation ${current.generation}, which was about to leave`,
    renamed: `was renamed to ${current.engineName} by hand`,
  } as const;
  // A name given by hand is among the reasons.
  if (kind !== 'renamed') notes.push(words[kind]);
  let last = after;
  const rename = (verb: string, one: ObservedContainer, name: string) => {
    const op = { kind: 'container.rename', target: existing(one), name } as const;
    last = [builder.add(instance.key, verb, op, last, words[kind])];
  };
  if (displaced !== null) rename(`park ${displaced.generation}`, displaced, displaced.engineName);
  rename('name', current, currentName(current, instance.engineName));
  const place = socketPlace(current.spec, sockets.reach);
  if (kind === 'restore' && place !== null) {
    const op = hasOwnSocket(current, instance.engineName)
      ? publish(place, generationSocketName(instance.engineName, current.generation))
      : restore(place, instance.engineName, current.generation);
    last = [builder.add(instance.key, 'publish again', op, last, words[kind])];
  }
  return last;
}
