import type { Compiled } from '../diagnostic.ts';
import { reportHalf } from '../spec/half-credentials.ts';
import { Problems } from '../spec/problems.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import { Expander, type Known } from './expander.ts';

/** What is sent with a pull from one host. */
export interface RegistryCredentials {
  readonly host: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The file's credentials by host, those that are empty left out (they mean anonymous); with one half empty they are
 * `STK332`. Needed before `resolve`, to ask registries; the values stand nowhere else.
 */
export function registryCredentials(spec: StackSpec, known: Known): Compiled<readonly RegistryCredentials[]> {
  const problems = new Problems(spec.source, spec.told);
  const expander = new Expander(spec.name, known, problems);
  const scope = { application: '', container: '', index: null };
  const credentials = spec.registries.flatMap((registry): readonly RegistryCredentials[] => {
    const user = expander.expand(registry.username, scope);
    const word = expander.expand(registry.password, scope);
    if (user === null || word === null || (user === '' && word === '')) return [];
    if (reportHalf(registry, user, word, problems)) return [];
    return [{ host: registry.host, username: user, password: word }];
  });
  return problems.conclude(credentials);
}
