import { durationWords } from '../duration-words.ts';
import { isReached, listings, unread, type VerdictFacts } from '../facts.ts';
import { INSTANT } from '../gap-length.ts';
import { gap, names, unproven, within, zeroDowntime, type Rule } from './rule.ts';
import { killed } from './stopping-first.ts';

// Start-first over TCP: the name moves, nothing is counted, and the old one is left with its own graceful stop.

/** What its stop cuts off. */
export const tcpLosses: readonly Rule[] = within(
  (facts) => isStartFirst(facts) && isReached(facts) && !isTold(facts),
  [
    {
      id: 'forced',
      applies: ({ lastStop }) => lastStop?.forced === true,
      verdict: () =>
        gap(
          'its last stop had to be forced: requests under way were cut off',
          'a longer `stop_timeout`',
          INSTANT,
        ),
    },
    {
      id: 'killed',
      applies: ({ stop }) => stop.effect === 'kills' || stop.effect === 'ignored' || stop.timeoutMs === 0,
      verdict: killed,
    },
    {
      id: 'stop-timeout-too-short',
      applies: ({ inFlightMs, stop }) => inFlightMs !== null && inFlightMs > stop.timeoutMs,
      verdict: ({ inFlightMs, stop }) =>
        gap(
          `requests of ${durationWords(inFlightMs ?? 0)} are cut off after \`stop_timeout\`, ${durationWords(stop.timeoutMs)}`,
          `\`stop_timeout: ${Math.ceil((inFlightMs ?? 0) / 1000)}\``,
          INSTANT,
        ),
    },
    {
      id: 'tcp-kept-connections',
      applies: (facts) => facts.server.keepsAlive === true && keepers(facts).length > 0,
      verdict: (facts) =>
        gap(
          `${names(keepers(facts))} keeps connections to it open, and the old one ends them when it stops`,
          'a `socket`, and no kept connections to servers',
          INSTANT,
        ),
    },
  ],
);

/** How nothing is lost, or what must hold for it. */
export const tcpRules: readonly Rule[] = within(isStartFirst, [
  {
    id: 'told-by-runtime-socket',
    applies: isTold,
    verdict: (facts) =>
      zeroDowntime(
        `${names(listings(facts))} is told the new address, and the old one stops after its last session`,
      ),
  },
  {
    id: 'nobody-connects',
    applies: (facts) => !isReached(facts),
    verdict: () => zeroDowntime('nobody in the stack connects to it'),
  },
  {
    id: 'tcp-followed',
    applies: () => true,
    verdict: (facts) => {
      const reaching = [...facts.clients, ...listings(facts)];
      const who = reaching.length === 0 ? `\`${unread(facts)?.name ?? facts.container}\`` : names(reaching);
      return unproven(`${who} must look the name up at each connect, and try again when one is refused`);
    },
  },
]);

function isStartFirst({ action, order, socket }: VerdictFacts): boolean {
  return action === 'replace' && order === 'start-first' && socket.kind === 'none';
}

/** Whether all who connect to it are balancers that are told. */
function isTold(facts: VerdictFacts): boolean {
  const before = listings(facts);
  return (
    facts.can.runtimeSocket &&
    before.length > 0 &&
    before.every(({ program, view }) => program === 'haproxy' && !view.keepsConnections) &&
    facts.clients.length === 0 &&
    unread(facts) === null
  );
}

function keepers(facts: VerdictFacts): readonly { readonly name: string }[] {
  return listings(facts).filter(({ view }) => view.keepsConnections);
}
