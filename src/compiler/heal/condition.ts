import type { ContainerState } from '../observed/observed-state.ts';
import { unreachable } from '../unreachable.ts';

/** An instance's container, as a look at the engine finds it. */
export interface SeenContainer {
  readonly state: ContainerState;
  readonly health: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** Whether the published name leads to it; true where it publishes none, or nobody could look. */
  readonly isPublished: boolean;
}

/**
 * How an instance is. `starting`: it runs, and has not answered since it was started. `restarting`: the engine brings it back by
 * itself. `away`: somebody is at it (it was just made, is paused, is
 * being removed), which is no business of a healing.
 */
export type Condition =
  | 'well'
  | 'starting'
  | 'gone'
  | 'ended'
  | 'restarting'
  | 'unhealthy'
  | 'unpublished'
  | 'away';

/** Null: there is no container of that name. */
export function conditionOf(seen: SeenContainer | null): Condition {
  if (seen === null) return 'gone';
  switch (seen.state) {
    case 'running':
      if (seen.health === 'unhealthy') return 'unhealthy';
      return seen.isPublished ? 'well' : 'unpublished';
    case 'restarting':
      return 'restarting';
    case 'exited':
    case 'dead':
      return 'ended';
    case 'created':
    case 'paused':
    case 'removing':
      return 'away';
    default:
      return unreachable(seen.state);
  }
}
