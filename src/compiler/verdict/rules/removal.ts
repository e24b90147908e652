import { isReached, listings, outside } from '../facts.ts';
import { absence, untilChecked, INSTANT, lasting } from '../gap-length.ts';
import { howToTell } from './stopping-first.ts';
import { gap, names, overNetworks, unproven, within, type Rule, zeroDowntime } from './rule.ts';

/** Removals that no drain saves, or that nobody notices. */
export const removalRules: readonly Rule[] = within(
  ({ action }) => action === 'remove',
  [
    {
      id: 'removed-unused',
      applies: (facts) => !isReached(facts),
      verdict: () => zeroDowntime('nobody in the stack connects to it'),
    },
    {
      id: 'handed-over',
      applies: ({ successor }) => successor !== null,
      verdict: (facts) =>
        gap(
          `it stops before \`${facts.successor}\` starts, which needs what it holds for itself`,
          'another host port or volume for one of them',
          absence(facts),
        ),
    },
    {
      id: 'removed-port',
      applies: ({ hostPorts }) => hostPorts.length > 0,
      verdict: ({ hostPorts }) =>
        gap(
          `nobody answers on port ${hostPorts[0]} of the host any more`,
          'leave it in the file',
          lasting('it is back'),
        ),
    },
    {
      id: 'removed-last',
      applies: ({ instances }) => instances.after === 0,
      verdict: ({ container }) =>
        gap(
          `it is the last one: nothing of \`${container}\` serves any more`,
          'keep one instance',
          lasting('it is back'),
        ),
    },
  ],
);

/** Removals of what has no path that could be taken away and counted. */
export const undrainedRemovalRules: readonly Rule[] = within(
  ({ action }) => action === 'remove',
  [
    {
      id: 'removed-uncounted',
      applies: ({ socket }) => socket.kind !== 'none',
      verdict: () =>
        gap(
          'what waits to be accepted when it stops is lost: nothing is counted on its path',
          'write its path as `%{socket}` in its command, so that each generation has its own',
          INSTANT,
        ),
    },
    {
      id: 'removed-listed',
      applies: (facts) => listings(facts).length > 0,
      verdict: (facts) => {
        const lengths = listings(facts).map(({ view }) => view.downAfterMs);
        return gap(
          `${names(listings(facts))} tries its address until it is seen to be gone`,
          howToTell(facts) ?? 'a `socket` of its own: its path can be taken away first',
          lengths.some((ms) => ms === null)
            ? lasting(`${names(listings(facts))} no longer lists it`)
            : untilChecked(Math.max(...lengths.map((ms) => ms ?? 0)), names(listings(facts))),
        );
      },
    },
    {
      id: 'removed-reached',
      applies: () => true,
      verdict: (facts) =>
        unproven(
          `${facts.clients.length === 0 || outside(facts).length > 0 ? overNetworks(facts) : names(facts.clients)} must have turned to another instance before`,
        ),
    },
  ],
);
