import type { Compiled } from '../diagnostic.ts';
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
 * The file's credentials by host, those that are empty left out (they mean anonymous). Needed before `resolve`, to ask
 * registries; the values stand nowhere else.
 */
export function registryCredentials(spec: StackSpec, known: Known): Compiled<readonly RegistryCredentials[]> {
  const problems = new Problems(spec.source, spec.told);
  const expander = new Expander(spec.name, known, problems);
  const scope = { application: '', container: '', index: null };
  const credentials = spec.registries.flatMap(
    ({ host, username, password }): readonly RegistryCredentials[] => {
      const user = expander.expand(username, scope);
      const word = expander.expand(password, scope);
      if (user === null || word === null || (user === '' && word === '')) return [];
      return [{ host, username: user, password: word }];
    },
  );
  return problems.conclude(credentials);
}
