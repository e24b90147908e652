import type { ContainerSummary } from './engine.ts';

/**
 * What the engine's list says of a container's health check, in its own words at the end of the status: `Up 3 minutes (unhealthy)`,
 * `Up 3 seconds (health: starting)`. `none`: that it is well, or that it has no check.
 */
export function listedHealth({
  status,
}: Pick<ContainerSummary, 'status'>): 'none' | 'starting' | 'unhealthy' {
  if (status.endsWith('(unhealthy)')) return 'unhealthy';
  return status.endsWith('(health: starting)') ? 'starting' : 'none';
}
