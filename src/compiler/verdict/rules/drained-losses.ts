import { durationWords } from '../duration-words.ts';
import { listings, mayBeUpgraded, type Listing, type VerdictFacts } from '../facts.ts';
import { absence, absenceMs, heldMs, INSTANT, lasting, measured, untilChecked } from '../gap-length.ts';
import type { GapLength } from '../verdict.ts';
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
import { gap, names, within, type Rule } from './rule.ts';
import { isHeld, killed } from './stopping-first.ts';

/** What is lost although the instance is drained. */
export const drainedLosses: readonly Rule[] = within(isDrained, [
  {
    // Drained to the last connection, even a kill loses nothing.
    id: 'forced-with-connections',
    applies: (facts) => facts.lastStop?.forced === true && facts.lastStop.open !== 0 && !mayBeUpgraded(facts),
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
    // A graceful stop may have let them end; any other cut them off.
    id: 'left-open',
    applies: (facts) => leftOpen(facts) > 0 && facts.stop.effect !== 'finishes' && !mayBeUpgraded(facts),
    verdict: (facts) =>
      gap(
        `its last stop cut off ${connections(facts)} that ${leftOpen(facts) === 1 ? 'was' : 'were'} open for longer than \`drain_timeout\``,
        'a longer `drain_timeout`',
        INSTANT,
      ),
  },
  {
    id: 'cut-off',
    applies: (facts) =>
      facts.inFlightMs !== null && facts.inFlightMs > allowanceMs(facts) && !mayBeUpgraded(facts),
    verdict: (facts) =>
      gap(
        `requests of ${durationWords(facts.inFlightMs ?? 0)} are cut off after ${durationWords(allowanceMs(facts))}`,
        `\`drain_timeout: ${Math.ceil((facts.inFlightMs ?? 0) / 1000)}\``,
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
    id: 'more-gone-than-tried',
    applies: (facts) => needsAnother(facts) && overwhelmed(facts, 'surely') !== null,
    verdict: (facts) => {
      const balancer = overwhelmed(facts, 'surely');
      return gap(
        `up to ${balancer === null ? 0 : goneAtOnce(facts, balancer.view)} are gone at once, and \`${balancer?.name}\` tries no others than those`,
        balancer === null ? '' : howToKeepMore(facts, balancer),
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

/** Until connects no longer fail: the balancer sees that it is gone, or it is back. */
function untilSeenDown(facts: VerdictFacts, balancer: Listing | null): GapLength {
  const { downAfterMs = null, others = 0, upAfterMs } = balancer?.view ?? {};
  const name = `\`${balancer?.name}\``;
  // Nobody else is there to turn to: that it is seen to be gone ends nothing, and it must be seen again.
  const ms = heldMs(facts);
  if (facts.action !== 'remove' && others === 0 && ms !== null) return measured(ms + (upAfterMs ?? 0));
  const away = facts.action === 'remove' ? null : absence(facts);
  const awayMs = away === null || away.kind === 'lasting' || away.kind === 'instant' ? null : away.ms;
  if (downAfterMs !== null && others > 0 && (awayMs === null || downAfterMs < awayMs))
    return untilChecked(downAfterMs, name);
  return away ?? lasting(`${name} ${others === 0 ? 'lists another' : 'no longer lists it'}`);
}

function howToTryAnother({ name, program, view }: Listing): string {
  if (view.others === 0) return `list the other instances in \`${name}\` too`;
  if (view.picksSame) return `\`hash-type consistent\` in \`${name}\`, with \`option redispatch 1\``;
  return program === 'nginx'
    ? `\`proxy_next_upstream error timeout\` in \`${name}\``
    : `\`option redispatch 1\` and \`retries 3\` in \`${name}\``;
}

function stubborn(facts: VerdictFacts): Listing | null {
  return listings(facts).find(({ view }) => !view.triesAnother) ?? null;
}

/** A balancer that still takes the replaced ones for dead when the last of the others goes. */
function overtaken(facts: VerdictFacts): Listing | null {
  const { batch, rolled, instances, drainMs, can } = facts;
  if (rolled <= batch) return null;
  const turnMs = Math.max(1, absenceMs(facts) ?? Number.POSITIVE_INFINITY);
  return (
    listings(facts).find(({ view }) => {
      const upAfterMs = view.upAfterMs ?? 0;
      // The next one waits for the balancer no longer than for a drain.
      if (upAfterMs === 0 || (can.awaitUp && upAfterMs <= drainMs)) return false;
      return batch * (1 + Math.max(1, Math.ceil(upAfterMs / turnMs))) >= instances.now;
    }) ?? null
  );
}
