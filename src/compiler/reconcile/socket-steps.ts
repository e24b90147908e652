import { generationSocketName } from '../desired/desired-state.ts';
import type { DesiredInstance, SocketSpec } from '../desired/desired-state.ts';
import type { Operation } from '../plan/operation.ts';
import {
  boundName,
  drain,
  drainOld,
  fileName,
  hold,
  keep,
  placeKey,
  publish,
  reached,
  release,
  restore,
  unlink,
} from './sockets.ts';
import type { SocketPlace } from './sockets.ts';
import type { Step } from './strategies.ts';
import { gateOf, node } from './turn.ts';
import type { StepNode, Turn } from './turn.ts';

/** What is done to published names and sockets, as operations. */
export const socketSteps = {
  // The name that it takes over may be the very socket that the old generation serves on.
  'keep-old-path': ({ instance, generation, old, oldPlace }) => {
    const { socket } = instance;
    const isTaken = socket !== null && old !== null && isAt(oldPlace, socket) && !old.hasOwnSocket;
    if (!isTaken) return [];
    return [keepOld(socket, instance.engineName, old.generation, `generation ${generation} takes its name`)];
  },
  // A leftover of an earlier run would keep the server from binding.
  'clear-path': (turn) => {
    const { instance, generation } = turn;
    const socket = instance.socket;
    if (socket === null) return [];
    const unlinked = unlink(socket, boundName(socket, instance.engineName, generation));
    const clear = turn.next.kind === 'existing' ? { ...unlinked, of: turn.next } : unlinked;
    const back = socket.movable ? [clear] : freePath(turn, socket, clear);
    return [node(`clear ${generation}`, clear, 'a leftover would be in the way', back)];
  },
  publish: (turn) => {
    const { instance, generation } = turn;
    const socket = instance.socket;
    if (socket === null) return [];
    const { engineName, gate, stop } = instance;
    const own = boundName(socket, engineName, generation);
    // By the time it is taken back it may have requests.
    const answered = socket.movable ? [drain(socket, own, own, turn.next, stop.drainS)] : [];
    if (turn.cover === 'hold' && turn.old !== null) {
      const handed = release(socket, own, gateS(gate));
      const verb = socket.movable ? 'publish' : 'hand over to';
      const held = hold(socket, engineName, turn.old, holdS(instance));
      return [node(`${verb} ${generation}`, handed, 'gate passed', [held, ...answered])];
    }
    if (!socket.movable) {
      // An apply that was cut off may have left the agent holding: what came waits for whoever binds the name.
      const { next, old } = turn;
      const mayBeHeld = next.kind === 'existing' || (old !== null && old.state !== 'running');
      return mayBeHeld
        ? [node(`hand over to ${generation}`, release(socket, own, gateS(gate)), 'it is bound again')]
        : [];
    }
    const back = [...wayBack(turn, socket), ...answered];
    return [node(`publish ${generation}`, publish(socket, own), 'gate passed', back)];
  },
  // Whoever would connect finds nothing there, and turns to another instance.
  'take-path': ({ instance, old, oldPlace, cover, awaitOld }) => {
    if (old?.state !== 'running' || oldPlace === null || cover !== 'siblings') return [];
    const { engineName } = instance;
    const n = old.generation;
    const own = old.hasOwnSocket;
    const published = publish(oldPlace, generationSocketName(engineName, n));
    const taken = node(
      `take path ${n}`,
      unlink(oldPlace, fileName(oldPlace)),
      'other instances serve meanwhile',
      own ? [published, ...awaitOld.reached] : [],
    );
    if (own) return [taken];
    const kept = keepOld(oldPlace, engineName, n, 'so that it can be put back');
    return [{ ...kept, undo: [...kept.undo, ...awaitOld.reached] }, taken];
  },
  // A link that leads to the agent, so that what comes waits there and not in the queue of a server that stops.
  hold: ({ instance, old, cover }) => {
    const { socket, engineName, gate } = instance;
    if (old === null || socket === null || cover !== 'hold') return [];
    const n = old.generation;
    const own = old.hasOwnSocket;
    const to = own ? generationSocketName(engineName, n) : fileName(socket);
    const held = node(
      `hold ${n}`,
      hold(socket, engineName, old, holdS(instance)),
      'nobody else serves meanwhile',
      [release(socket, to, gateS(gate))],
    );
    return own ? [held] : [keepOld(socket, engineName, n, 'so that it can be put back'), held];
  },
  // Until the balancer counts on this one, the next one must not go.
  'await-balancer': (turn) => {
    const { instance, generation, next, cover, arrivals: count } = turn;
    const { socket, engineName, stop } = instance;
    if (socket === null || cover !== 'siblings') return [];
    const op = reached(socket, engineName, next, generation, { count, limitS: stop.drainS });
    return [
      node(`await balancer ${generation}`, op, 'the next one goes only then'),
      node(`gate again ${generation}`, gateOf(turn), 'the next one goes only then'),
    ];
  },
  // By now no new connection gets there; those that did are answered by the old generation.
  'drain-old': (turn) => {
    const { instance, old, oldPlace } = turn;
    if (old === null || oldPlace === null || old.state !== 'running' || !isLeft(turn)) return [];
    const op = drainOld(oldPlace, instance.engineName, old, instance.stop.drainS);
    return [node(`drain ${old.generation}`, op, 'requests under way end first')];
  },
  // A server may remove the path that it bound when it ends, whoever is published there by now.
  'publish-again': ({ instance, generation, old, oldPlace }) => {
    const { socket } = instance;
    if (socket === null || !socket.movable || old === null) return [];
    if (!isAt(oldPlace, socket) || old.hasOwnSocket) return [];
    const op = publish(socket, generationSocketName(instance.engineName, generation));
    return [node(`publish again ${generation}`, op, 'the old one may have taken it away')];
  },
  // The published name moves with a switch, but for a generation that serves elsewhere now, or on no socket at all.
  'unpublish-old': ({ instance: { engineName }, old, oldPlace, sockets }) => {
    if (old === null || oldPlace === null || sockets.wanted.has(placeKey(oldPlace))) return [];
    const n = old.generation;
    const own = old.hasOwnSocket;
    const back = own ? [publish(oldPlace, generationSocketName(engineName, n))] : [];
    const gone = node(`unpublish ${n}`, unlink(oldPlace, fileName(oldPlace)), 'no longer its path', back);
    return own || old.state !== 'running'
      ? [gone]
      : [keepOld(oldPlace, engineName, n, 'so that it can be put back'), gone];
  },
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
} as const satisfies Partial<Record<Step, (turn: Turn) => readonly StepNode[]>>;

/** The old generation's socket stays within reach, whatever its name leads to. */
function keepOld(place: SocketPlace, engineName: string, generation: number, reason: string): StepNode {
  return node(`keep socket ${generation}`, keep(place, engineName, generation), reason, [
    restore(place, engineName, generation),
  ]);
}

/** What must go before an old generation that binds the held name itself can start again. */
export function roomForOld({ old, oldPlace, cover }: Turn): readonly Operation[] {
  if (cover !== 'hold' || old === null || oldPlace === null || old.hasOwnSocket) return [];
  return [unlink(oldPlace, fileName(oldPlace))];
}

/** What leads to an old generation that did not run: an apply that was cut off may have taken it away. */
export function pathOfOld({ instance, old, oldPlace, cover }: Turn): readonly Operation[] {
  const { socket, engineName } = instance;
  if (cover !== 'siblings' || old?.hasOwnSocket !== true || socket === null) return [];
  return isAt(oldPlace, socket) ? [publish(socket, generationSocketName(engineName, old.generation))] : [];
}

/** How long a generation may take to be ready. */
function gateS({ limitMs }: DesiredInstance['gate']): number {
  return Math.ceil(limitMs / 1000);
}

/** As long as everything between the hold and its end may take. */
function holdS({ stop, gate }: DesiredInstance): number {
  return stop.drainS + stop.timeoutS + gateS(gate) + 10;
}

/** Whether no new connection gets to the old generation, and the kernel's tables tell its own from the new one's. */
function isLeft({ instance, old, oldPlace, cover, sockets }: Turn): boolean {
  if (cover !== 'successor') return cover !== 'nobody';
  if (old === null || oldPlace === null || old.hasOwnSocket) return true;
  if (!sockets.wanted.has(placeKey(oldPlace))) return true;
  const { socket } = instance;
  return socket !== null && socket.movable && isAt(oldPlace, socket);
}

/** A path that a generation has to bind itself is taken back as well: the old one may have to bind it again. */
function freePath(turn: Turn, socket: SocketSpec, clear: Operation): readonly Operation[] {
  const { instance, old, cover } = turn;
  if (cover !== 'hold' || old === null) return [clear, ...wayBack(turn, socket)];
  return old.hasOwnSocket ? [hold(socket, instance.engineName, old, holdS(instance))] : [clear];
}

/** Makes the published name again what it was when the old generation served there, or nobody. */
function wayBack({ instance, old, oldPlace }: Turn, socket: SocketSpec): readonly Operation[] {
  if (old === null || !isAt(oldPlace, socket)) return [unlink(socket, fileName(socket))];
  return old.hasOwnSocket
    ? [publish(socket, generationSocketName(instance.engineName, old.generation))]
    : [restore(socket, instance.engineName, old.generation)];
}

function isAt(place: SocketPlace | null, socket: SocketSpec): boolean {
  return place !== null && placeKey(place) === placeKey(socket);
}
