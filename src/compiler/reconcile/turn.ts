import type { Teller } from '../balancer/tellers.ts';
import type { ContainerKey, DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import { hasOwnSocket } from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';

/**
 * Who answers between the stop of the old generation and the gate of the new one: the new one is there before that, other
 * instances get what would have come to it, the agent keeps it, or nobody does.
 */
export type Cover = 'successor' | 'siblings' | 'hold' | 'nobody';

/** A generation that goes: one that the engine has, or, on the way back, the one that this plan has made. */
export interface Outgoing extends Pick<ObservedContainer, 'generation' | 'state' | 'restart' | 'spec'> {
  readonly ref: ContainerRef;
  /** It serves on a path of its own, so that the published name can lead to it. */
  readonly hasOwnSocket: boolean;
}

/** A generation that the engine has, as one that goes. */
export function outgoing(container: ObservedContainer, engineName: string): Outgoing {
  const { generation, state, restart, spec } = container;
  const own = hasOwnSocket(container, engineName);
  return { generation, state, restart, spec, ref: existing(container), hasOwnSocket: own };
}

/** What a strategy's steps are about: the generation that comes and the one that goes. */
export interface Turn {
  /** `back`: the old generation comes, and the new one, which has failed, goes. */
  readonly way: 'forward' | 'back';
  readonly container: ContainerKey;
  readonly instance: DesiredInstance;
  /** Others of its container were replaced before it. */
  readonly hasForerunners: boolean;
  readonly generation: number;
  /** The generation that starts: created by this plan, or one that exists. */
  readonly next: ContainerRef;
  /** What it is called once it is current. */
  readonly nextName: string;
  readonly old: Outgoing | null;
  readonly cover: Cover;
  /** Where the old generation's socket lies, which may be elsewhere; null when it has none within the agent's reach. */
  readonly oldPlace: SocketPlace | null;
  /** Instances that leave and hold what this one needs for itself (a host port, a volume with one writer). */
  readonly handover: readonly ObservedContainer[];
  /** The haproxys that list it over TCP and can be told where it is. */
  readonly tellers: readonly Teller[];
  /** Ask the one that goes where a turn is taken back, before another instance stops; empty: none does. */
  readonly awaitOld: { readonly ready: readonly Operation[]; readonly reached: readonly Operation[] };
  /** How many connections to the one that comes show that the balancers count on it. */
  readonly arrivals: number;
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

/** The question to the generation that comes; an old one is asked as it was made. */
export function gateOf({
  way,
  instance,
  generation,
  next,
}: Pick<Turn, 'way' | 'instance' | 'generation' | 'next'>): Operation {
  const op = { kind: 'container.gate', instance: instance.key, generation, target: next } as const;
  if (way === 'forward') return op;
  const { gate, socket, spec } = instance;
  // The words of a command may hold a secret; the file has them.
  return { ...op, made: { gate: gate.kind === 'command' ? null : gate, socket, network: spec.network } };
}

/** One operation of a step. */
export function node(verb: string, op: Operation, reason: string, undo: readonly Operation[] = []): StepNode {
  return { verb, op, reason, undo };
}
