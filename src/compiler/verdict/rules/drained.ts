import { isTold, listings, type Listing, type VerdictFacts } from '../facts.ts';
import { names, within, zeroDowntime, type Rule } from './rule.ts';
import { isHeld, isTakenAway, siblings } from './stopping-first.ts';

// An instance is drained when new connections leave its path, or its address, and it stops after its last connection.

/** How nothing is lost. */
export const drainedMechanisms: readonly Rule[] = within(isDrained, [
  {
    id: 'removed-told',
    applies: (facts) => facts.action === 'remove' && isTold(facts),
    verdict: (facts) =>
      zeroDowntime(
        `${names(listings(facts))} sends it nothing new, ${facts.instances.after} of ${facts.instances.now} go on, it stops after its last connection`,
      ),
  },
  {
    id: 'removed',
    applies: ({ action }) => action === 'remove',
    verdict: ({ instances }) =>
      zeroDowntime(
        `its path is taken away, ${instances.after} of ${instances.now} go on, it stops after its last connection`,
      ),
  },
  {
    id: 'held',
    applies: (facts) => facts.order === 'stop-first' && isHeld(facts),
    verdict: () => zeroDowntime('hold: what comes meanwhile is accepted, and handed to the new generation'),
  },
  {
    id: 'taken-out',
    applies: (facts) => facts.order === 'stop-first' && isTold(facts),
    verdict: (facts) =>
      zeroDowntime(
        `${names(listings(facts))} sends it nothing new, ${siblings(facts)} of ${facts.instances.now} go on, it stops after its last connection`,
      ),
  },
  {
    id: 'told-by-runtime-socket',
    applies: isTold,
    verdict: (facts) =>
      zeroDowntime(
        `${names(listings(facts))} is told the new address; the old one stops after its last connection`,
      ),
  },
  {
    id: 'taken-away',
    applies: (facts) => facts.order === 'stop-first',
    verdict: (facts) =>
      zeroDowntime(
        `its path is taken away, ${siblings(facts)} of ${facts.instances.now} go on, it stops after its last connection`,
      ),
  },
  {
    id: 'socket-swap',
    applies: () => true,
    verdict: () =>
      zeroDowntime(
        'socket swap: the path moves when the new one answers; the old one stops after its last connection',
      ),
  },
]);

export function isDrained(facts: VerdictFacts): boolean {
  const { action, socket, order, can } = facts;
  if (socket.kind === 'none')
    return isTold(facts) && (order === 'start-first' || action === 'remove' || isTakenAway(facts));
  if (action === 'remove') return (socket.kind === 'movable' && socket.own) || can.takeAway;
  if (order === 'start-first') return socket.kind === 'movable';
  return isHeld(facts) || isTakenAway(facts);
}

/** Whether a connect may meet a path that is not there. */
export function needsAnother(facts: VerdictFacts): boolean {
  if (isTold(facts)) return false;
  return facts.action === 'remove' || (facts.order === 'stop-first' && !isHeld(facts));
}

export function isFirstSwap({ action, order, socket }: VerdictFacts): boolean {
  return action === 'replace' && order === 'start-first' && socket.kind !== 'none' && !socket.own;
}

export function keeping(facts: VerdictFacts): readonly Listing[] {
  return listings(facts).filter(({ view }) => view.keepsConnections);
}

export function howToClose(balancer: Listing | undefined, { server }: VerdictFacts): string {
  if (balancer?.program === 'haproxy') return `\`option http-server-close\` in \`${balancer.name}\``;
  const line = server.kind === 'php-fpm' ? 'fastcgi_keep_conn off' : 'proxy_set_header Connection close';
  return `\`${line}\` in \`${balancer?.name}\``;
}

/** How long a request may last: while it is drained, and then as long as a graceful stop waits for it. */
export function allowanceMs({ drainMs, stop }: VerdictFacts): number {
  return drainMs + (stop.effect === 'finishes' ? stop.timeoutMs : 0);
}

/** Connections that the last drain left to a stop that needed no force. */
export function leftOpen({ lastStop }: VerdictFacts): number {
  return lastStop === null || lastStop.forced ? 0 : (lastStop.open ?? 0);
}

export function connections(facts: VerdictFacts): string {
  return leftOpen(facts) === 1 ? '1 connection' : `${leftOpen(facts)} connections`;
}
