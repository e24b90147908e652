import { durationWords } from '../duration-words.ts';
import { listings, mayBeUpgraded, unread, type Listing, type VerdictFacts } from '../facts.ts';
import {
  allowanceMs,
  connections,
  howToClose,
  isDrained,
  isFirstSwap,
  keeping,
  leftOpen,
  needsAnother,
} from './drained.ts';
import { goneAtOnce, howToKeepMore, overwhelmed } from './gone-together.ts';
import { impatient, slack, SURE } from './patience.ts';
import { names, unproven, within, type Rule } from './rule.ts';
import { isHeld, missingPort } from './stopping-first.ts';

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
    id: 'gone-together',
    applies: (facts) => needsAnother(facts) && overwhelmed(facts, 'perhaps') !== null,
    verdict: (facts) => {
      const balancer = overwhelmed(facts, 'perhaps');
      return unproven(
        `with ${balancer === null ? 0 : goneAtOnce(facts, balancer.view)} gone at once, \`${balancer?.name}\` must come upon one that is there; surer: ${balancer === null ? '' : howToKeepMore(facts, balancer)}`,
      );
    },
  },
  {
    // What tells it the address leaves the port as it is written.
    id: 'port-changes-perhaps',
    applies: (facts) => facts.action === 'replace' && missingPort(facts) !== null,
    verdict: (facts) =>
      unproven(
        `\`${facts.container}\` must listen on port ${missingPort(facts)?.port} too: ${names(missingPort(facts)?.listings ?? [])} goes on sending there`,
      ),
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
    // Web sockets end when their clients like: those that last are cut by any deploy.
    id: 'upgraded-perhaps',
    applies: mayBeUpgraded,
    verdict: (facts) => {
      const count = facts.lastStop?.open ?? 0;
      return unproven(
        `${count === 1 ? 'the connection' : `the ${count} connections`} that its last drain left open must have been upgraded (web sockets), with clients that connect again`,
      );
    },
  },
  {
    id: 'left-open-perhaps',
    applies: (facts) => leftOpen(facts) > 0,
    verdict: (facts) =>
      unproven(
        `its stop must let all end that its drain leaves open, ${connections(facts)} the last time; surer: a longer \`drain_timeout\``,
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
      const limit = view?.silenceMs ?? null;
      return unproven(
        `no request may last longer than ${durationWords(allowanceMs(facts))}: \`${name}\` allows ${limit === null ? 'any time' : durationWords(limit)}; raise \`drain_timeout\``,
      );
    },
  },
]);

function needs(facts: VerdictFacts): string {
  const wishes = [
    ...(facts.server.keepsAlive === false ? [] : ['connect anew for each request']),
    ...(needsAnother(facts) ? ['try another instance when a connect fails'] : []),
  ];
  return wishes.join(' and ');
}

/** A balancer that waits for longer than that in silence alone. */
function longest(facts: VerdictFacts): Listing | null {
  const limit = allowanceMs(facts);
  return listings(facts).find(({ view }) => view.silenceMs === null || view.silenceMs > limit) ?? null;
}
