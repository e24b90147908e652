import type { Teller } from '../balancer/tellers.ts';
import type { ContainerKey, DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';

/**
 * Who answers between the stop of the old generation and the gate of the new one: the new one is there before that, other
 * instances get what would have come to it, the agent keeps it, or nobody does.
 */
export type Cover = 'successor' | 'siblings' | 'hold' | 'nobody';

/** What a strategy's steps are about: the generation that comes and the one that goes. */
export interface Turn {
  readonly container: ContainerKey;
  readonly instance: DesiredInstance;
  /** Others of its container were replaced before it. */
  readonly hasForerunners: boolean;
  readonly generation: number;
  /** The generation that starts: created by this plan, or one that exists (`start`). */
  readonly next: ContainerRef;
  readonly old: ObservedContainer | null;
  readonly cover: Cover;
  /** Where the old generation's socket lies, which may be elsewhere; null when it has none within the agent's reach. */
  readonly oldPlace: SocketPlace | null;
  /** Instances that leave and hold what this one needs for itself (a host port, a volume with one writer). */
  readonly handover: readonly ObservedContainer[];
  /** The haproxys that list it over TCP and can be told where it is. */
  readonly tellers: readonly Teller[];
  readonly sockets: SocketScope;
}

/** One operation of a step with its reason and what takes it back. */
export interface StepNode {
  /** With the generation that it is done to. */
  readonly verb: string;
  readonly op: Operation;
  readonly reason: string;
  readonly undo: readonly Operation[];
}

/** Refers to a container that the engine has. */
export function existing(container: ObservedContainer): ContainerRef {
  return { kind: 'existing', id: container.id, generation: container.generation };
}

/** Tells a worker to take no new work, and waits until it has none left, not longer than `limitS` seconds. */
export function quieting(
  target: ContainerRef,
  signal: string,
  limitS: number,
): readonly [quiet: Operation, idle: Operation] {
  return [
    { kind: 'container.signal', target, signal },
    { kind: 'container.idle', target, limitS },
  ];
}

/** One operation of a step. */
export function node(verb: string, op: Operation, reason: string, undo: readonly Operation[] = []): StepNode {
  return { verb, op, reason, undo };
}
