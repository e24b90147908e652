import { drainPorts, leave, point } from './balancers.ts';
import { refusedPorts } from './found-steps.ts';
import type { Step } from './strategies.ts';
import { node } from './turn.ts';
import type { StepNode, Turn } from './turn.ts';

/** What haproxys are told that list an instance over TCP, and what is waited for there, as operations. */
export const balancerSteps = {
  // While others of them serve: what was on its way is still answered.
  'leave-balancers': (turn) => {
    const { old, instance } = turn;
    if (old === null || !isCovered(turn)) return [];
    return turn.tellers.map((teller) =>
      // On the way back nobody else may be fit to serve, which is what it is to mend.
      node(
        `drain in ${teller.balancer}`,
        leave(teller, turn.way === 'back' ? 'maint' : 'drain'),
        'other instances serve meanwhile',
        [point(teller, old.ref, true, instance.stop.drainS)],
      ),
    );
  },
  // Start-first: its name has moved by now, and every haproxy that can be told knows the new address.
  'drain-ports': (turn) => {
    const { old, instance, tellers, cover, sockets } = turn;
    if (old === null || !sockets.isCounted || (cover !== 'successor' && !isLeft(turn))) return [];
    const op = drainPorts(old, instance, tellers, instance.stop.drainS);
    return op === null ? [] : [node(`drain ports ${old.generation}`, op, 'requests under way end first')];
  },
  // Its checks end too: somebody else may get its address while it is away.
  'rest-in-balancers': (turn) =>
    turn.old !== null && isCovered(turn)
      ? turn.tellers.map((teller) => node(`rest in ${teller.balancer}`, leave(teller, 'maint'), 'it stops'))
      : [],
  // A balancer looked the name up at its own start; a running generation's address is another one.
  'tell-balancers': (turn) => {
    const { old, next, instance, tellers, cover } = turn;
    const limitS = instance.stop.drainS;
    // Only what stackc may have taken out before: what an operator took out of a roll stays out.
    const ready = cover !== 'successor' || old === null;
    return tellers.map((teller) => {
      const back = ready ? leave(teller, 'maint') : point(teller, old.ref, false, limitS);
      const what = point(teller, next, ready, limitS);
      const { ports } = teller;
      // Requests may have come to the new one by the time it is taken back.
      const answered =
        ports.length === 0 ? [] : [{ kind: 'ports.drain', target: next, ports, limitS } as const];
      const verb = `tell ${teller.balancer} of ${turn.generation}`;
      return node(verb, what, 'its address is another one', [back, ...answered]);
    });
  },
} as const satisfies Partial<Record<Step, (turn: Turn) => readonly StepNode[]>>;

/** Whether nothing new comes to the one that goes, while other instances serve. */
function isLeft(turn: Turn): boolean {
  return isCovered(turn) || refusedPorts(turn).length > 0;
}

/** Whether other instances serve what a haproxy would have sent to this one. */
function isCovered({ cover, tellers, old }: Turn): boolean {
  return cover === 'siblings' && tellers.length > 0 && old?.state === 'running';
}
