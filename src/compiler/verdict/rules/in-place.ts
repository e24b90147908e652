import { listings } from '../facts.ts';
import { INSTANT, lasting } from '../gap-length.ts';
import { gap, names, short, unproven, zeroDowntime, type Rule } from './rule.ts';

/** Changes that take nothing away: nothing served there before, or what serves goes on. */
export const inPlaceRules: readonly Rule[] = [
  {
    id: 'ports-bound-anew',
    applies: ({ action, adopted }) => action === 'update' && (adopted?.movesTo ?? null) !== null,
    verdict: ({ adopted }) =>
      gap(
        `the engine binds its published ports anew when it joins \`${adopted?.movesTo}\`, and cuts what is connected through them`,
        'a stack whose name sorts behind the networks that it is on: ports are published through the first',
        INSTANT,
      ),
  },
  {
    id: 'updated-in-place',
    applies: ({ action }) => action === 'update',
    verdict: () => zeroDowntime('changed in place, it goes on running'),
  },
  {
    id: 'reload-forgets',
    applies: ({ action, reload }) => action === 'reload' && (reload?.forgets.length ?? 0) > 0,
    verdict: ({ reload }) => {
      const who = names((reload?.forgets ?? []).map((name) => ({ name })));
      return gap(
        `its new configuration does not lead to ${who} any more`,
        'its sockets or names as they were, if something else is to be changed',
        lasting(`its configuration leads to ${who} again`),
      );
    },
  },
  {
    id: 'reload-closes-kept',
    applies: ({ action, reload }) =>
      action === 'reload' && reload !== null && reload.closesIdle && reload.checked,
    verdict: ({ container, server }) =>
      gap(
        'its old processes close connections that clients keep, also one that a request is just on its way on',
        server.kind === 'nginx'
          ? `\`keepalive_min_timeout\` (from nginx 1.27.4) or \`keepalive_timeout 0\` in \`${container}\``
          : `\`option idle-close-on-response\` in \`${container}\``,
        INSTANT,
      ),
  },
  {
    id: 'reload-checked',
    applies: ({ action, reload, server }) =>
      action === 'reload' && reload !== null && (reload.checked || server.kind === 'nginx'),
    verdict: ({ reload }) =>
      zeroDowntime(
        reload?.checked === true
          ? `reloaded by ${short(reload.signal)} once the new configuration has passed its check`
          : `reloaded by ${short(reload?.signal ?? null)}; it keeps the old configuration when the new one is wrong`,
      ),
  },
  {
    id: 'reload-unchecked',
    applies: ({ action }) => action === 'reload',
    verdict: ({ container, reload }) =>
      unproven(
        `\`${container}\` must read its files again on ${short(reload?.signal ?? null)}, close nothing, and survive a wrong one`,
      ),
  },
  {
    // It gets requests as soon as it listens, ready or not.
    id: 'created-unready',
    applies: (facts) =>
      facts.action === 'create' &&
      facts.instances.now > 0 &&
      facts.gate.kind === 'uptime' &&
      listings(facts).some(({ view }) => view.downAfterMs === null),
    verdict: (facts) =>
      unproven(
        `\`${facts.instance}\` must serve as soon as it listens: neither \`health\` nor a check of ${names(listings(facts))} says so`,
      ),
  },
  {
    id: 'nothing-before',
    applies: ({ action, runs }) => action === 'create' || action === 'start' || !runs,
    verdict: ({ action, instance }) =>
      zeroDowntime(
        action === 'create' ? `\`${instance}\` is new: nothing served there` : 'it does not run now',
      ),
  },
];
