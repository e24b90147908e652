import type { ResolvedInputs } from '../compiler/desired/resolved-inputs.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import type { AuthLookup } from '../runtime/inputs/image-facts.ts';
import type { CommandContext } from './io.ts';

/** Credentials for pulls: what the file writes for a registry, else docker's own settings. */
export function registryLookup(
  _context: CommandContext,
  _spec: StackSpec,
): (known: Pick<ResolvedInputs, 'env' | 'secrets'>) => AuthLookup {
  return () => async () => null;
}
