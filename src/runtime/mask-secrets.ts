import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { ResolvedInputs } from '../compiler/desired/resolved-inputs.ts';
import { isSensitiveName } from '../compiler/spec/sensitive-name.ts';

/** Shorter ones are parts of ordinary words. */
const SHORTEST = 6;

/** What stands in the place of a secret. */
const MASK = '(masked)';

/** Takes what is secret out of a text that others have written. */
export type Mask = (text: string) => string;

/**
 * Masks `secrets`, and the values of variables whose names say that they are secret, as they are written and line by line; of
 * at least six characters. An encoding of one is not found.
 */
export function maskSecrets(secrets: readonly string[], desired: DesiredState | null): Mask {
  const known = [...secrets, ...namedSecrets(desired)].flatMap((secret) => [secret, ...secret.split('\n')]);
  const masked = [...new Set(known.map((one) => one.trim()))].filter(({ length }) => length >= SHORTEST);
  // Of two that begin alike the longer one is taken out whole.
  masked.sort((a, b) => b.length - a.length);
  return (text) => masked.reduce((now, one) => now.replaceAll(one, MASK), text);
}

/** The secrets of a stack file that could be read. */
export function secretValues({ secrets }: Pick<ResolvedInputs, 'secrets'>): readonly string[] {
  return Object.values(secrets).flatMap((read) => ('value' in read ? [read.value] : []));
}

function namedSecrets(desired: DesiredState | null): readonly string[] {
  return (desired?.containers ?? []).flatMap(({ instances, template }) =>
    [template, ...instances].flatMap(({ env }) =>
      env.flatMap(({ name, value, masked }) => (masked && isSensitiveName(name) ? [value] : [])),
    ),
  );
}
