import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredInstance, SocketSpec } from '../desired/desired-state.ts';
import { generationName } from '../names.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId } from '../plan/plan.ts';
import { restartText } from './compare.ts';
import {
  boundName,
  drain,
  fileName,
  hasOwnSocket,
  keep,
  placeKey,
  publish,
  restore,
  unlink,
} from './sockets.ts';
import type { SocketPlace, SocketScope } from './sockets.ts';
import type { Step } from './strategies.ts';

/** What a strategy's steps are about: the generation that comes and the one that goes. */
export interface Turn {
  readonly instance: DesiredInstance;
  readonly generation: number;
  /** The generation that starts: created by this plan, or one that exists (`start`). */
  readonly next: ContainerRef;
  readonly old: ObservedContainer | null;
  /** Where the old generation's socket lies, which may be elsewhere; null when it has none within the agent's reach. */
  readonly oldPlace: SocketPlace | null;
  /** Instances that leave and hold what this one needs for itself (a host port, a volume with one writer). */
  readonly handover: readonly ObservedContainer[];
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

/** What each step does, as operations. */
const steps: Readonly<Record<Step, (turn: Turn) => readonly StepNode[]>> = {
  // The name that it takes over may be the very socket that the old generation serves on.
  'keep-old-path': ({ instance, generation, old, oldPlace }) => {
    const { socket } = instance;
    const isTaken = socket !== null && old !== null && isAt(oldPlace, socket) && !isOwn(old, instance);
    if (!isTaken) return [];
    const { engineName } = instance;
    return [
      node(
        `keep socket ${old.generation}`,
        keep(socket, engineName, old.generation),
        `generation ${generation} takes its name`,
        [restore(socket, engineName, old.generation)],
      ),
    ];
  },
  // A leftover of an earlier run would keep the server from binding.
  'clear-path': (turn) => {
    const { instance, generation } = turn;
    const socket = instance.socket;
    if (socket === null) return [];
    const clear = unlink(socket, boundName(socket, instance.engineName, generation));
    // Taken back as well: the old generation may have to bind the path again.
    const back = socket.movable ? [] : wayBack(turn, socket);
    return [node(`clear ${generation}`, clear, 'a leftover would be in the way', [clear, ...back])];
  },
  create: ({ instance, generation, next }) => {
    const name = generationName(instance.engineName, generation, 'next');
    return [
      node(
        `create ${generation}`,
        { kind: 'container.create', instance: instance.key, generation, name },
        'new generation',
        [
          {
            kind: 'container.rename',
            target: next,
            name: generationName(instance.engineName, generation, 'failed'),
          },
        ],
      ),
    ];
  },
  join: ({ instance, generation, next }) =>
    instance.spec.networks.map((network) =>
      node(
        `join ${generation} ${network}`,
        { kind: 'container.connect', target: next, network },
        'in `networks`',
      ),
    ),
  start: ({ instance, generation, next }) => [
    node(`start ${generation}`, { kind: 'container.start', target: next }, 'created', [
      { kind: 'container.stop', target: next, timeoutS: instance.stop.timeoutS },
    ]),
  ],
  gate: ({ instance, generation, next }) => [
    node(
      `gate ${generation}`,
      { kind: 'container.gate', instance: instance.key, generation, target: next },
      'must be ready',
    ),
  ],
  // Both sides of a handover would hold the same host port, or write to the same files.
  'hand-over': ({ handover }) =>
    handover.flatMap((leaving) => {
      const { id, generation, instance } = leaving;
      const target = { kind: 'leaving', id, generation, instance } as const;
      return [
        node(
          `release ${leaving.instance}`,
          { kind: 'container.policy', target, policy: 'no', maxRetries: 0 },
          'hands over and leaves',
          [policyOf(target, leaving.restart)],
        ),
        node(
          `stop ${leaving.instance}`,
          { kind: 'container.stop', target, timeoutS: null },
          'hands over and leaves',
          [{ kind: 'container.start', target }],
        ),
      ];
    }),
  publish: (turn) => {
    const { instance, generation } = turn;
    const socket = instance.socket;
    if (socket === null || !socket.movable) return [];
    const to = generationSocketName(instance.engineName, generation);
    return [node(`publish ${generation}`, publish(socket, to), 'gate passed', wayBack(turn, socket))];
  },
  keep: ({ instance, generation, next }) => {
    const { name, maxRetries } = instance.spec.restart;
    if (name === 'no') return [];
    return [
      node(
        `keep ${generation}`,
        { kind: 'container.policy', target: next, policy: name, maxRetries },
        'gate passed',
        [{ kind: 'container.policy', target: next, policy: 'no', maxRetries: 0 }],
      ),
    ];
  },
  'release-old': ({ old }) => {
    if (old === null) return [];
    // An apply that was cut off may have let it go already: then its label knows the way back.
    const before = letGo(old) && old.spec !== null ? restartText(old.spec.restart) : old.restart;
    if (before === 'no') return [];
    const target = existing(old);
    return [
      node(
        `release ${old.generation}`,
        { kind: 'container.policy', target, policy: 'no', maxRetries: 0 },
        'is being replaced',
        [policyOf(target, before)],
      ),
    ];
  },
  'park-old': ({ instance, old }) => {
    if (old === null) return [];
    const target = existing(old);
    const name = generationName(instance.engineName, old.generation, 'old');
    return [
      node(`park ${old.generation}`, { kind: 'container.rename', target, name }, 'is being replaced', [
        { kind: 'container.rename', target, name: instance.engineName },
      ]),
    ];
  },
  'take-name': ({ instance, generation, next }) => [
    node(
      `switch ${generation}`,
      { kind: 'container.rename', target: next, name: instance.engineName },
      'gate passed',
      [
        {
          kind: 'container.rename',
          target: next,
          name: generationName(instance.engineName, generation, 'next'),
        },
      ],
    ),
  ],
  // A worker takes no new work from here on; what it has, its graceful stop finishes.
  'quiet-old': ({ instance, old }) => {
    const signal = instance.stop.quietSignal;
    if (old === null || signal === null || old.state !== 'running') return [];
    const op: Operation = { kind: 'container.signal', target: existing(old), signal };
    return [node(`quiet ${old.generation}`, op, 'takes no new work')];
  },
  // By now no new connection gets there; those that did are answered by the old generation.
  'drain-old': ({ instance, old, oldPlace }) =>
    old === null || oldPlace === null || old.state !== 'running' || !hasOwnSocket(old, instance.engineName)
      ? []
      : [
          node(
            `drain ${old.generation}`,
            drain(oldPlace, instance.engineName, existing(old), old.generation, instance.stop.drainS),
            'requests under way end first',
          ),
        ],
  'stop-old': ({ instance, old }) => {
    if (old === null) return [];
    const stop: Operation = {
      kind: 'container.stop',
      target: existing(old),
      timeoutS: instance.stop.timeoutS,
    };
    const start: Operation = { kind: 'container.start', target: existing(old) };
    const wasRunning = old.state === 'running' || old.state === 'restarting' || letGo(old);
    // One that was told to be quiet and did not stop takes up its work only after a restart.
    const back = instance.stop.quietSignal === null ? [start] : [stop, start];
    return [node(`stop ${old.generation}`, stop, 'is being replaced', wasRunning ? back : [])];
  },
  // A server may remove the path that it bound when it ends, whoever is published there by now.
  'publish-again': ({ instance, generation, old, oldPlace }) => {
    const { socket } = instance;
    if (socket === null || !socket.movable || old === null) return [];
    if (!isAt(oldPlace, socket) || isOwn(old, instance)) return [];
    const op = publish(socket, generationSocketName(instance.engineName, generation));
    return [node(`publish again ${generation}`, op, 'the old one may have taken it away')];
  },
  // The published name moves with a switch, but for a generation that serves elsewhere now, or on no socket at all.
  'unpublish-old': ({ old, oldPlace, sockets }) =>
    old === null || oldPlace === null || sockets.wanted.has(placeKey(oldPlace))
      ? []
      : [node(`unpublish ${old.generation}`, unlink(oldPlace, fileName(oldPlace)), 'no longer its path')],
  'clear-old-path': ({ instance, old, oldPlace }) =>
    old === null || oldPlace === null
      ? []
      : [
          node(
            `clear ${old.generation}`,
            unlink(oldPlace, generationSocketName(instance.engineName, old.generation)),
            'nobody serves it',
          ),
        ],
};

/** Adds the steps of a strategy one after the other; with a scope they are taken back together. */
export function addSteps(
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

/** Makes the published name again what it was when the old generation served there, or nobody. */
function wayBack({ instance, old, oldPlace }: Turn, socket: SocketSpec): readonly Operation[] {
  if (old === null || !isAt(oldPlace, socket)) return [unlink(socket, fileName(socket))];
  return isOwn(old, instance)
    ? [publish(socket, generationSocketName(instance.engineName, old.generation))]
    : [restore(socket, instance.engineName, old.generation)];
}

function isAt(place: SocketPlace | null, socket: SocketSpec): boolean {
  return place !== null && placeKey(place) === placeKey(socket);
}

function isOwn(old: ObservedContainer, instance: DesiredInstance): boolean {
  return hasOwnSocket(old, instance.engineName);
}

/** Refers to a container that the engine has. */
export function existing(container: ObservedContainer): ContainerRef {
  return { kind: 'existing', id: container.id, generation: container.generation };
}

function node(verb: string, op: Operation, reason: string, undo: readonly Operation[] = []): StepNode {
  return { verb, op, reason, undo };
}

/** Gives back a restart policy that is known as the engine writes it: `always`, `on-failure:3`. */
function policyOf(target: ContainerRef, text: string): Operation {
  const [policy = 'no', retries = '0'] = text.split(':');
  return { kind: 'container.policy', target, policy, maxRetries: Number(retries) };
}

/** Whether stackc stopped it to replace it, and was cut off: it lost its restart policy first. */
function letGo(old: ObservedContainer): boolean {
  return old.restart === 'no' && old.spec !== null && old.spec.restart.name !== 'no';
}
