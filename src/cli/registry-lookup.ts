import { homedir } from 'node:os';
import type { ResolvedInputs } from '../compiler/desired/resolved-inputs.ts';
import { registryCredentials } from '../compiler/desired/registry-credentials.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { configFolder } from '../runtime/docker/endpoint.ts';
import { registryAuth } from '../runtime/docker/registry-auth.ts';
import type { AuthLookup } from '../runtime/inputs/image-facts.ts';
import type { Io } from './io.ts';

/** Credentials for pulls: what the file writes for a registry, else docker's own settings. */
export function registryLookup(
  { env }: Io,
  spec: StackSpec,
): (known: Pick<ResolvedInputs, 'env' | 'secrets' | 'host'>) => AuthLookup {
  return (known) => {
    const written = registryCredentials(spec, known);
    // What is wrong with them is an error of the plan; until that is said, nobody is asked with half of them.
    const explicit = Object.fromEntries(
      (written.ok ? written.value : []).map(({ host, username, password }) => [host, { username, password }]),
    );
    return (reference) =>
      registryAuth(reference, { explicit, configFolder: configFolder({ env, home: homedir() }) });
  };
}
