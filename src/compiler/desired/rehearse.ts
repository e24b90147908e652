import type { Problems } from '../spec/problems.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import type { ContainerKey } from './desired-state.ts';
import { startResolution } from './resolution.ts';
import { runResolution } from './run-resolution.ts';

/**
 * Resolves with nothing known from outside and keeps only the problems: what `compile` can find in strings, ports,
 * mounts and sockets is then found by the very code that will read them. Values that depend on the outside are passed over.
 */
export function rehearse(spec: StackSpec, skip: ReadonlySet<ContainerKey>): Problems {
  const resolution = startResolution(spec, null, skip);
  runResolution(spec, resolution, skip);
  return resolution.problems;
}
