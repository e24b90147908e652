import { durationWords } from '../duration-words.ts';
import { isTold, listings, unread, type Listing, type VerdictFacts } from '../facts.ts';
import { absence, absenceMs, heldMs, INSTANT, lasting, measured, untilChecked } from '../gap-length.ts';
import type { GapLength } from '../verdict.ts';
import { impatient, slack, SURE } from './patience.ts';
import { gap, names, unproven, within, zeroDowntime, type Rule } from './rule.ts';
import { isHeld, isTakenAway, killed, siblings } from './stopping-first.ts';

// An instance is drained when new connections leave its path, or its address, and it stops after its last one.

/** What is lost although the instance is drained. */
export const drainedLosses: readonly Rule[] = within(isDrained, [
  {
    // Drained to the last connection, even a kill loses nothing.
    id: 'forced-with-connections',
    applies: ({ lastStop }) => lastStop !== null && lastStop.forced && lastStop.open !== 0,
    verdict: () =>
      gap(
        'its last stop had to be forced: what was still open was cut off',
        'a longer `drain_timeout`',
        INSTANT,
      ),
  },
  {
    // Nothing is counted on a path that the old generation bound itself.
    id: 'first-swap-killed',
    applies: (facts) =>
      isFirstSwap(facts) && (facts.stop.effect === 'kills' || facts.stop.effect === 'ignored'),
    verdict: killed,
  },
  {
    id: 'cut-off',
    applies: (facts) => facts.inFlightMs !== null && facts.inFlightMs > allowanceMs(facts),
    verdict: (facts) =>
      gap(
        `requests of ${durationWords(facts.inFlightMs ?? 0)} are cut off after ${durationWords(allowanceMs(facts))}`,
        `\`drain_timeout: ${Math.ceil((facts.inFlightMs ?? 0) / 1000)}\``,
        INSTANT,
      ),
  },
  {
    // What is kept goes on to be used: there is always a request on its way when it is cut.
    id: 'kept-and-killed',
    applies: (facts) =>
      facts.server.keepsAlive === true &&
      keeping(facts).length > 0 &&
      (facts.stop.effect === 'kills' || facts.stop.effect === 'ignored' || facts.stop.timeoutMs === 0),
    verdict: (facts) =>
      gap(
        `${names(keeping(facts))} ${keeping(facts).length === 1 ? 'goes' : 'go'} on using kept connections to it, and after ${durationWords(facts.drainMs)} its stop cuts them off`,
        howToClose(keeping(facts)[0], facts),
        INSTANT,
      ),
  },
  {
    // Its checks are held like everything else.
    id: 'held-beyond-checks',
    applies: (facts) => facts.order === 'stop-first' && isHeld(facts) && slack(facts) < 1 / SURE,
    verdict: (facts) => {
      const { name, view } = impatient(facts) ?? { name: '', view: null };
      return gap(
        `\`${name}\` takes it for down ${durationWords(view?.silentAfterMs ?? 0)} after its checks are held too`,
        `a higher \`fall\` or a longer \`timeout check\` in \`${name}\``,
        // Who comes before that waits, who comes after it gets nothing.
        measured((heldMs(facts) ?? 0) + (view?.upAfterMs ?? 0)),
      );
    },
  },
  {
    id: 'no-second-try',
    applies: (facts) => needsAnother(facts) && stubborn(facts) !== null,
    verdict: (facts) => {
      const balancer = stubborn(facts);
      return gap(
        `\`${balancer?.name}\` gives up when a connect fails, and tries no other instance`,
        balancer === null ? '' : howToTryAnother(balancer),
        untilSeenDown(facts, balancer),
      );
    },
  },
  {
    id: 'checks-slower-than-the-roll',
    applies: (facts) => facts.action === 'replace' && needsAnother(facts) && overtaken(facts) !== null,
    verdict: (facts) => {
      const { name = '', view } = overtaken(facts) ?? {};
      return gap(
        `\`${name}\` takes ${durationWords(view?.upAfterMs ?? 0)} to see an instance up again; by then none is left`,
        'checks in shorter intervals (`inter`, `rise 1`; nginx: `max_fails=0`), or a smaller `batch`',
        untilChecked(view?.upAfterMs ?? 0, `\`${name}\``),
      );
    },
  },
]);

/** What may be lost, and cannot be seen from here. */
export const drainedDoubts: readonly Rule[] = within(isDrained, [
  {
    id: 'held-and-checked',
    applies: (facts) => facts.order === 'stop-first' && isHeld(facts) && slack(facts) < SURE,
    verdict: (facts) => {
      const balancer = impatient(facts);
      return unproven(
        `it must be back before \`${balancer?.name}\` takes it for down, ${durationWords(balancer?.view.silentAfterMs ?? 0)} after its checks are held too`,
      );
    },
  },
  {
    id: 'first-swap',
    applies: isFirstSwap,
    verdict: ({ instance }) =>
      unproven(
        `\`${instance}\` must finish what it has and leave the path alone when it ends: it bound it itself, this once`,
      ),
  },
  {
    id: 'balancer-unread',
    applies: (facts) => unread(facts) !== null && (facts.server.keepsAlive !== false || needsAnother(facts)),
    verdict: (facts) =>
      unproven(`\`${unread(facts)?.name}\` must ${needs(facts)} (not readable: ${unread(facts)?.why})`),
  },
  {
    // What is kept is counted like everything else, and balancers let go of most of it under load. What is left at the
    // limit is cut off between two requests, or in one.
    id: 'kept-connections',
    applies: (facts) => facts.server.keepsAlive === true && keeping(facts).length > 0,
    verdict: (facts) =>
      unproven(
        `connections that ${names(keeping(facts))} keep${keeping(facts).length === 1 ? 's' : ''} to it must end within ${durationWords(facts.drainMs)}; surer: ${howToClose(keeping(facts)[0], facts)}`,
      ),
  },
  {
    id: 'kept-perhaps',
    applies: (facts) => facts.server.keepsAlive === null && keeping(facts).length > 0,
    verdict: (facts) =>
      unproven(
        `it must close each connection after its answer; else it takes ${howToClose(keeping(facts)[0], facts)}`,
      ),
  },
  {
    id: 'nobody-known',
    applies: (facts) =>
      facts.balancers.length === 0 && (facts.server.keepsAlive !== false || needsAnother(facts)),
    verdict: (facts) => unproven(`whoever reaches it must ${needs(facts)} (no balancer is known)`),
  },
  {
    id: 'bytes',
    applies: (facts) =>
      facts.server.keepsAlive !== false && listings(facts).some(({ view }) => view.mode === 'tcp'),
    verdict: (facts) =>
      unproven(
        `clients of ${names(listings(facts).filter(({ view }) => view.mode === 'tcp'))} must close within ${durationWords(facts.drainMs)}: it passes bytes (\`mode tcp\`)`,
      ),
  },
  {
    // That none has been so long so far proves nothing of the next.
    id: 'cut-off-perhaps',
    applies: (facts) => longest(facts) !== null,
    verdict: (facts) => {
      const { name = '', view } = longest(facts) ?? {};
      const limit = view?.serverTimeoutMs ?? null;
      return unproven(
        `no request may last longer than ${durationWords(allowanceMs(facts))}: \`${name}\` allows ${limit === null ? 'any time' : durationWords(limit)}; raise \`drain_timeout\``,
      );
    },
  },
]);

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

/** Until connects no longer fail: the balancer sees that it is gone, or it is back. */
function untilSeenDown(facts: VerdictFacts, balancer: Listing | null): GapLength {
  const downAfterMs = balancer?.view.downAfterMs ?? null;
  const name = `\`${balancer?.name}\``;
  const away = facts.action === 'remove' ? null : absence(facts);
  const awayMs = away === null || away.kind === 'lasting' || away.kind === 'instant' ? null : away.ms;
  if (downAfterMs !== null && (awayMs === null || downAfterMs < awayMs))
    return untilChecked(downAfterMs, name);
  return away ?? lasting(`${name} ${balancer?.view.others === 0 ? 'lists another' : 'no longer lists it'}`);
}

function isDrained(facts: VerdictFacts): boolean {
  const { action, socket, order, can } = facts;
  if (socket.kind === 'none')
    return isTold(facts) && (order === 'start-first' || action === 'remove' || isTakenAway(facts));
  if (action === 'remove') return (socket.kind === 'movable' && socket.own) || can.takeAway;
  if (order === 'start-first') return socket.kind === 'movable';
  return isHeld(facts) || isTakenAway(facts);
}

/** Whether a connect may meet a path that is not there. */
function needsAnother(facts: VerdictFacts): boolean {
  if (isTold(facts)) return false;
  return facts.action === 'remove' || (facts.order === 'stop-first' && !isHeld(facts));
}

function needs(facts: VerdictFacts): string {
  const wishes = [
    ...(facts.server.keepsAlive === false ? [] : ['connect anew for each request']),
    ...(needsAnother(facts) ? ['try another instance when a connect fails'] : []),
  ];
  return wishes.join(' and ');
}

function isFirstSwap({ action, order, socket }: VerdictFacts): boolean {
  return action === 'replace' && order === 'start-first' && socket.kind !== 'none' && !socket.own;
}

function keeping(facts: VerdictFacts): readonly Listing[] {
  return listings(facts).filter(({ view }) => view.keepsConnections);
}

function howToTryAnother({ name, program, view }: Listing): string {
  if (view.others === 0) return `list the other instances in \`${name}\` too`;
  return program === 'nginx'
    ? `\`proxy_next_upstream error timeout\` in \`${name}\``
    : `\`option redispatch 1\` and \`retries 3\` in \`${name}\``;
}

function howToClose(balancer: Listing | undefined, { server }: VerdictFacts): string {
  if (balancer?.program === 'haproxy') return `\`option http-server-close\` in \`${balancer.name}\``;
  const line = server.kind === 'php-fpm' ? 'fastcgi_keep_conn off' : 'proxy_set_header Connection close';
  return `\`${line}\` in \`${balancer?.name}\``;
}

/** How long a request may last: while it is drained, and then as long as a graceful stop waits for it. */
export function allowanceMs({ drainMs, stop }: VerdictFacts): number {
  return drainMs + (stop.effect === 'finishes' ? stop.timeoutMs : 0);
}

/** A balancer that lets a request last longer than that. */
function longest(facts: VerdictFacts): Listing | null {
  const limit = allowanceMs(facts);
  return (
    listings(facts).find(({ view }) => view.serverTimeoutMs === null || view.serverTimeoutMs > limit) ?? null
  );
}

function stubborn(facts: VerdictFacts): Listing | null {
  return listings(facts).find(({ view }) => !view.triesAnother) ?? null;
}

/** A balancer that still takes the replaced ones for dead when the last of the others goes. */
function overtaken(facts: VerdictFacts): Listing | null {
  const { batch, rolled, instances, can } = facts;
  if (can.awaitUp || rolled <= batch) return null;
  const turnMs = Math.max(1, absenceMs(facts) ?? Number.POSITIVE_INFINITY);
  return (
    listings(facts).find(({ view }) => {
      const upAfterMs = view.upAfterMs ?? 0;
      if (upAfterMs === 0) return false;
      return batch * (1 + Math.max(1, Math.ceil(upAfterMs / turnMs))) >= instances.now;
    }) ?? null
  );
}
