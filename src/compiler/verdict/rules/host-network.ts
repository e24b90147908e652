import { durationWords } from '../duration-words.ts';
import { listensOnHost, sharesPort, type VerdictFacts } from '../facts.ts';
import { absence, INSTANT } from '../gap-length.ts';
import { short, gap, unproven, within, zeroDowntime, type Rule } from './rule.ts';
import type { Verdict } from '../verdict.ts';
import { killed } from './stopping-first.ts';

// Two generations listen on one port of the host for a while (`SO_REUSEPORT`). Nothing keeps new connections from the old
// one: they come to it until it closes its listeners, and what waits there then goes to the new one if the kernel migrates it.

/** What is lost. */
export const hostNetworkLosses: readonly Rule[] = [
  {
    id: 'host-network',
    applies: (facts) => isReplaced(facts) && listensOnHost(facts) && !sharesPort(facts),
    verdict: (facts) =>
      gap(
        `one generation at a time listens on port ${facts.network.port} of the host`,
        howToShare(facts),
        absence(facts),
      ),
  },
  ...within(isShared, [
    {
      id: 'host-network-bound',
      applies: ({ sharing }) => view({ sharing })?.sharesPorts === false,
      verdict: (facts) =>
        failing(facts, `that has port ${facts.network.port} for itself alone`, howToBind(facts)),
    },
    {
      id: 'host-network-binds',
      applies: ({ sharing }) => sharing?.nextShares === false,
      verdict: (facts) =>
        failing(facts, `it wants port ${facts.network.port} for itself alone`, howToBind(facts)),
    },
    {
      id: 'host-network-user',
      applies: ({ sharing }) => sharing?.sameUser === false,
      verdict: (facts) =>
        failing(
          facts,
          `its user changes, and one user has port ${facts.network.port}`,
          '`order: stop-first` once',
        ),
    },
    {
      // Then no listener is new, and the gate could not tell who answers.
      id: 'host-network-taken-over',
      applies: ({ sharing }) => sharing?.takesOver === true,
      verdict: (facts) =>
        failing(facts, 'with `-x` it takes its listeners, and none is new', 'leave `-x` out'),
    },
    {
      id: 'host-network-killed',
      applies: ({ stop }) => stop.effect === 'kills' || stop.effect === 'ignored' || stop.timeoutMs === 0,
      verdict: killed,
    },
    {
      id: 'host-network-forced',
      applies: ({ lastStop }) => lastStop?.forced === true,
      verdict: () =>
        gap(
          'its last stop had to be forced: requests under way were cut off',
          'a longer `stop_timeout`',
          INSTANT,
        ),
    },
    {
      id: 'host-network-reset',
      applies: ({ sharing }) => sharing?.migrates === false,
      verdict: () =>
        gap(
          'what waits to be accepted by the old one when it stops is reset',
          `\`sysctl -w ${MIGRATE}\` on the host`,
          INSTANT,
        ),
    },
    {
      id: 'host-network-idle-closed',
      applies: ({ sharing }) => view({ sharing })?.closesBehindAnswers === false,
      verdict: ({ sharing }) =>
        gap(
          'it closes the connections that clients keep when it stops: one that has just asked again is reset',
          sharing?.program === 'nginx'
            ? '`keepalive_min_timeout` (nginx 1.27.4), or `keepalive_timeout 0`'
            : '`option idle-close-on-response`',
          INSTANT,
        ),
    },
    {
      id: 'host-network-datagrams',
      applies: ({ sharing }) => view({ sharing })?.datagrams === true,
      verdict: () =>
        gap(
          'it takes UDP or QUIC too: the kernel sends those that the old one has begun to either of them',
          'leave UDP and QUIC to another container',
          INSTANT,
        ),
    },
  ]),
];

/** What may be lost, and cannot be seen from here. */
export const hostNetworkDoubts: readonly Rule[] = within(isShared, [
  {
    id: 'host-network-unread',
    applies: ({ sharing }) => view({ sharing }) === null,
    verdict: ({ container, sharing }) => {
      const why = sharing?.front.kind === 'unread' ? ` (not readable: ${sharing.front.why})` : '';
      return unproven(
        `\`${container}\` must bind with \`SO_REUSEPORT\` and close what clients keep behind an answer alone${why}`,
      );
    },
  },
  {
    id: 'host-network-binds-perhaps',
    applies: ({ sharing }) => sharing?.nextShares === null,
    verdict: ({ container }) =>
      unproven(`\`${container}\` must bind with \`SO_REUSEPORT\`: its new configuration could not be read`),
  },
  {
    id: 'host-network-migrates',
    applies: ({ sharing }) => sharing?.migrates === null,
    verdict: () =>
      unproven(`\`${MIGRATE}\` must hold on the host (nobody could look: no agent runs in its network)`),
  },
  {
    id: 'host-network-stop',
    applies: ({ stop }) => stop.effect === 'unknown',
    verdict: ({ container, stop }) =>
      unproven(`\`${container}\` must finish what it has on ${short(stop.signal)}, and accept nothing more`),
  },
  {
    id: 'host-network-bytes',
    applies: ({ sharing }) => view({ sharing })?.passesBytes === true,
    verdict: (facts) =>
      unproven(
        `clients to which \`${facts.container}\` passes bytes must close within ${durationWords(patienceMs(facts))}`,
      ),
  },
  {
    id: 'host-network-idle',
    applies: (facts) => isLonger(view(facts)?.idleMs, facts),
    verdict: (facts) =>
      unproven(
        `no client may keep a connection for ${durationWords(patienceMs(facts))} and then ask again: ${timeOf(view(facts)?.idleMs)} is allowed; ${howToWait(facts)}`,
      ),
  },
  {
    id: 'host-network-cut-off',
    applies: (facts) => isLonger(view(facts)?.requestMs, facts),
    verdict: (facts) =>
      unproven(
        `no request may last longer than ${durationWords(patienceMs(facts))}: ${timeOf(view(facts)?.requestMs)} is allowed; ${howToWait(facts)}`,
      ),
  },
]);

/** How nothing is lost. */
export const hostNetworkMechanisms: readonly Rule[] = within(isShared, [
  {
    id: 'host-network-overlap',
    applies: () => true,
    verdict: ({ network }) =>
      zeroDowntime(
        `both listen on port ${network.port} of the host; what the old one has not accepted goes to the new one`,
      ),
  },
]);

const MIGRATE = 'net.ipv4.tcp_migrate_req=1';

function isReplaced({ action }: VerdictFacts): boolean {
  return action === 'replace';
}

function isShared(facts: VerdictFacts): boolean {
  return isReplaced(facts) && sharesPort(facts);
}

/** The new one cannot get there: nothing is lost, and nothing is deployed. */
function failing({ container }: VerdictFacts, why: string, fix: string): Verdict {
  return unproven(`\`${container}\` fails its gate beside the old one: ${why}; ${fix}`);
}

function howToBind({ server, sharing }: VerdictFacts): string {
  const what =
    server.kind === 'nginx' || sharing?.program === 'nginx' ? '`listen … reuseport`' : 'no `noreuseport`';
  return `${what}, and \`stop-first\` once`;
}

/** What its own configuration says; null where there is none that could be read. */
function view({ sharing }: Pick<VerdictFacts, 'sharing'>) {
  return sharing?.front.kind === 'read' ? sharing.front.view : null;
}

function howToShare(facts: VerdictFacts): string {
  const { sharing } = facts;
  const own = view(facts);
  if (own?.sharesPorts === true) {
    return `\`strategy: {order: start-first}\`, and \`${MIGRATE}\` on the host: its configuration shares the port`;
  }
  return own !== null && sharing?.program === 'nginx'
    ? `\`listen … reuseport\`, then \`strategy: {order: start-first}\`; or reload it instead of replacing it`
    : 'a `socket`, or reload it instead of replacing it';
}

/** How long what it has may take to end. */
function patienceMs(facts: VerdictFacts): number {
  return Math.min(facts.stop.timeoutMs, view(facts)?.cutsAfterMs ?? Number.POSITIVE_INFINITY);
}

function isLonger(ms: number | null | undefined, facts: VerdictFacts): boolean {
  return ms === null || (ms !== undefined && ms > patienceMs(facts));
}

function timeOf(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? 'any time' : durationWords(ms);
}

function howToWait(facts: VerdictFacts): string {
  return patienceMs(facts) < facts.stop.timeoutMs
    ? `raise \`${facts.sharing?.program === 'nginx' ? 'worker_shutdown_timeout' : 'hard-stop-after'}\``
    : 'raise `stop_timeout`';
}
