import { expect, test } from 'vitest';

import type { Gate } from '../../../src/compiler/desired/desired-state.ts';
import { gateWords } from '../../../src/compiler/reconcile/words.ts';

const engine = { kind: 'engine', limitMs: 60_000, uptimeMs: 5000 } as const;

test.each<[string, Gate, string]>([
  ['an image that checks itself', { ...engine, healthcheck: true }, "its image's health check within 60 s"],
  ['one that does not', { ...engine, healthcheck: false }, 'up for 5 s, as nothing says how to ask it'],
  ['one that nobody has looked at', engine, "its image's health check within 60 s, else up for 5 s"],
])('what `startup_time` means for %s', (_, gate, words) => {
  expect(gateWords(gate)).toBe(words);
});
