import { durationWords } from '../duration-words.ts';
import { isLed } from '../facts.ts';
import { INSTANT } from '../gap-length.ts';
import { gap, overNetworks, unproven, within, type Rule } from './rule.ts';

// A proxy that finds its servers by the engine's events (ADR 0021). Which one that is the plan does not know, nor what it does with
// a refused connection.

/** What proxies make of a change that find an instance by themselves. */
export const foundRules: readonly Rule[] = within(
  ({ found, socket, action }) =>
    found !== null && socket.kind === 'none' && (action === 'replace' || action === 'remove'),
  [
    {
      id: 'found-until-stopped',
      applies: ({ found }) => found?.lacks !== null,
      verdict: ({ found }) =>
        gap(
          `proxies that find it by ${found?.by} go on sending to it until it has stopped`,
          found?.lacks ?? '',
          INSTANT,
        ),
    },
    {
      id: 'led-to-another',
      applies: (facts) => isLed(facts),
      verdict: (facts) => {
        const musts = [
          ...(facts.action === 'remove' ? [] : ['watch the engine for starts']),
          'try another server when refused',
          ...(facts.server.keepsAlive === false ? [] : [`end each within ${durationWords(facts.drainMs)}`]),
        ];
        return unproven(`${overNetworks(facts)} must ${new Intl.ListFormat('en').format(musts)}`);
      },
    },
  ],
);
