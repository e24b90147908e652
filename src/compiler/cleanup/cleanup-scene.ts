import type { ContainerState, ObservedState } from '../observed/observed-state.ts';
import type { EngineImage, ImageTrace } from './used-images.ts';

/** What a cleanup goes by, all of it looked at at once. */
export interface CleanupScene {
  readonly stack: string;
  readonly observed: ObservedState;
  /** Of whomever. */
  readonly containers: readonly EngineContainer[];
  readonly images: readonly EngineImage[];
  /** Of the journal; those of containers come on top. */
  readonly traces: readonly ImageTrace[];
  readonly wanted: WantedImages;
  /** The volumes that the stack's agent mounts. */
  readonly reach: ReadonlySet<string>;
  /** The last apply did not fail. Whoever tries one that did again goes back to its old generations. */
  readonly isOver: boolean;
}

/** One container of the engine. */
export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly state: ContainerState;
  readonly imageId: string;
  readonly networks: readonly string[];
}

/** What stays whether or not a container is made from it. */
export interface WantedImages {
  /** Ids of those that the stack file names, and of this version's agent. */
  readonly named: ReadonlySet<string>;
  /** Ids of those that revisions have which can be gone back to, or gone on with. */
  readonly kept: ReadonlySet<string>;
  /** Revisions of which nobody can tell which images they have. */
  readonly unreadable: readonly number[];
}
