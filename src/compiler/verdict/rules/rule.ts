import { outside, type VerdictFacts } from '../facts.ts';
import type { GapLength, Verdict } from '../verdict.ts';

/** One line of the table: the first that applies decides. */
export interface Rule {
  readonly id: string;
  readonly applies: (facts: VerdictFacts) => boolean;
  readonly verdict: (facts: VerdictFacts) => Verdict;
}

/** Rules that apply only where `guard` does. */
export function within(guard: (facts: VerdictFacts) => boolean, rules: readonly Rule[]): readonly Rule[] {
  return rules.map((rule) => ({ ...rule, applies: (facts) => guard(facts) && rule.applies(facts) }));
}

export function zeroDowntime(mechanism: string): Verdict {
  return { kind: 'zero-downtime', mechanism };
}

export function gap(reason: string, avoid: string, length: GapLength): Verdict {
  return { kind: 'gap', reason, avoid, length };
}

export function unproven(must: string): Verdict {
  return { kind: 'unproven', must };
}

/** Names in backticks, with `and` before the last. */
export function names(list: readonly { readonly name: string }[]): string {
  const quoted = [...new Set(list.map(({ name }) => `\`${name}\``))];
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} and ${last}`;
}

/** `whoever reaches it over …`: the networks of others that it is in; without any, `whoever reaches it`. */
export function overNetworks(facts: VerdictFacts): string {
  const networks = outside(facts);
  return networks.length === 0
    ? 'whoever reaches it'
    : `whoever reaches it over ${names(networks.map((name) => ({ name })))}`;
}

/** `TERM`, as people say it. */
export function short(signal: string | null): string {
  return signal?.replace(/^SIG/, '') ?? 'its stop signal';
}
