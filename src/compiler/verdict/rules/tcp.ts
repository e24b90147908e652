import { durationWords } from '../duration-words.ts';
import {
  isReached,
  isTold,
  listings,
  outside,
  sharesPort,
  takesConnections,
  unread,
  type VerdictFacts,
} from '../facts.ts';
import { INSTANT, lasting } from '../gap-length.ts';
import { allowanceMs } from './drained.ts';
import { gap, names, overNetworks, unproven, within, zeroDowntime, type Rule } from './rule.ts';
import { killed } from './stopping-first.ts';

// Start-first over TCP, where not all who connect can be told: the name moves, and they must follow it. The old one stops
// after its last connection where its port is known, else it is left with its own graceful stop.

/** What its stop cuts off. */
export const tcpLosses: readonly Rule[] = within(
  (facts) => isStartFirst(facts) && isReached(facts) && !isTold(facts) && !sharesPort(facts),
  [
    {
      id: 'forced',
      applies: ({ lastStop, can }) => lastStop?.forced === true && !(can.drainPorts && lastStop.open === 0),
      verdict: () =>
        gap(
          'its last stop had to be forced: requests under way were cut off',
          'a longer `stop_timeout`',
          INSTANT,
        ),
    },
    {
      id: 'killed',
      applies: ({ stop, can }) =>
        !can.drainPorts && (stop.effect === 'kills' || stop.effect === 'ignored' || stop.timeoutMs === 0),
      verdict: killed,
    },
    {
      id: 'stop-timeout-too-short',
      applies: (facts) => facts.inFlightMs !== null && facts.inFlightMs > patienceMs(facts),
      verdict: (facts) => {
        const { inFlightMs, can } = facts;
        const key = can.drainPorts ? 'drain_timeout' : 'stop_timeout';
        return gap(
          `requests of ${durationWords(inFlightMs ?? 0)} are cut off after ${can.drainPorts ? '' : '`stop_timeout`, '}${durationWords(patienceMs(facts))}`,
          `\`${key}: ${Math.ceil((inFlightMs ?? 0) / 1000)}\``,
          INSTANT,
        );
      },
    },
    {
      id: 'tcp-kept-connections',
      applies: (facts) =>
        !facts.can.drainPorts && facts.server.keepsAlive === true && keepers(facts).length > 0,
      verdict: (facts) =>
        gap(
          `${names(keepers(facts))} keeps connections to it open, and the old one ends them when it stops`,
          'a `socket`, and no kept connections to servers',
          INSTANT,
        ),
    },
  ],
);

/** Whoever found it outside of the stack, by `--link` or on another network, does not find its successor. */
export const adoptedLosses: readonly Rule[] = within(
  (facts) => isStartFirst(facts) && takesConnections(facts) && !facts.network.host && !sharesPort(facts),
  [
    {
      id: 'adopted-left-behind',
      applies: ({ adopted }) => (adopted?.networks.length ?? 0) > 0,
      verdict: ({ adopted, container }) => {
        const networks = names((adopted?.networks ?? []).map((name) => ({ name })));
        return gap(
          `whoever reaches it as \`${adopted?.name}\` over ${networks} is not led to the new one`,
          `a \`socket\` for \`${container}\`, which is found by its path`,
          lasting('whoever uses it is replaced as well'),
        );
      },
    },
  ],
);

/** Networks of others: who connects over them is not known. */
export const outsideRules: readonly Rule[] = within(
  (facts) => outside(facts).length > 0 && (facts.action === 'replace' || isTold(facts)),
  [
    {
      id: 'reached-from-outside',
      applies: () => true,
      verdict: (facts) => {
        const { can, server, drainMs } = facts;
        const how =
          facts.action === 'remove'
            ? 'must have turned to another instance before'
            : 'must look its name up at each connect and try again';
        const kept =
          can.drainPorts && server.keepsAlive !== false
            ? `, and end each within ${durationWords(drainMs)}`
            : '';
        const port = can.drainPorts ? '' : '; write `port`, so that it drains';
        return unproven(`${overNetworks(facts)} ${how}${kept}${port}`);
      },
    },
  ],
);

/** How nothing is lost, or what must hold for it. */
export const tcpRules: readonly Rule[] = within(isStartFirst, [
  {
    id: 'nobody-connects',
    applies: (facts) => !isReached(facts),
    verdict: () => zeroDowntime('nobody in the stack connects to it'),
  },
  {
    id: 'tcp-followed',
    applies: ({ can }) => can.drainPorts,
    verdict: (facts) => {
      const kept =
        facts.server.keepsAlive === false
          ? ''
          : `, and end each connection within ${durationWords(facts.drainMs)}`;
      // The old one gives the name away before the new one takes it.
      return unproven(
        `${whoReaches(facts)} must look the name up at each connect, again where it is not found${kept}`,
      );
    },
  },
  {
    id: 'tcp-uncounted',
    applies: () => true,
    verdict: (facts) =>
      unproven(
        `${whoReaches(facts)} must look the name up at each connect, and retry a refused one; write \`port\`, so that it drains`,
      ),
  },
]);

function isStartFirst({ action, order, socket }: VerdictFacts): boolean {
  return action === 'replace' && order === 'start-first' && socket.kind === 'none';
}

function whoReaches(facts: VerdictFacts): string {
  const reaching = [...facts.clients, ...listings(facts)];
  return reaching.length === 0 ? `\`${unread(facts)?.name ?? facts.container}\`` : names(reaching);
}

function patienceMs(facts: VerdictFacts): number {
  return facts.can.drainPorts ? allowanceMs(facts) : facts.stop.timeoutMs;
}

function keepers(facts: VerdictFacts): readonly { readonly name: string }[] {
  return listings(facts).filter(({ view }) => view.keepsConnections);
}
