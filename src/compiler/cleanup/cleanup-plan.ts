import type { ObservedState } from '../observed/observed-state.ts';
import type { CleanupScene, EngineContainer } from './cleanup-scene.ts';
import { deadContainers, type ContainerItem, type StayingContainer } from './dead-containers.ts';
import { unusedImages, type ImageItem, type StayingImage } from './unused-images.ts';

/** What goes. */
export type CleanupItem =
  | ContainerItem
  /** No container is on it, whether it runs or not. */
  | { readonly kind: 'network'; readonly name: string }
  | ImageItem;

/** What a stack has left behind and what stays for another's sake; why, as data. */
export interface CleanupPlan {
  readonly stack: string;
  /** In the order of their removal: what holds something goes before it. */
  readonly items: readonly CleanupItem[];
  readonly staying: readonly (StayingContainer | StayingNetwork | StayingImage)[];
}

/** Only the stack's agent is on it yet. */
export interface StayingNetwork {
  readonly kind: 'network';
  readonly name: string;
  readonly agent: string;
}

/**
 * What of a stack nobody needs any more: generations that ended, records of nothing, its networks without a container, and the
 * images that it has shown to use and that nobody on the engine uses, no kept revision has and the file does not name.
 * Never a volume, never what is current.
 */
export function planCleanup(scene: CleanupScene): CleanupPlan {
  const dead = deadContainers(scene);
  const gone = new Set(dead.items.map(({ id }) => id));
  const left = scene.containers.filter(({ id }) => !gone.has(id));
  const images = unusedImages(scene, left);
  const networks = emptyNetworks(scene.observed, left);
  return {
    stack: scene.stack,
    items: [...dead.items, ...networks.items, ...images.items],
    staying: [...dead.staying, ...networks.staying, ...images.staying],
  };
}

function emptyNetworks(
  { ownNetworks, agents }: ObservedState,
  left: readonly EngineContainer[],
): {
  readonly items: readonly CleanupItem[];
  readonly staying: readonly StayingNetwork[];
} {
  const agentIds = new Map(agents.map(({ id, name }) => [id, name]));
  const found = ownNetworks.map((name) => ({
    name,
    on: left.filter(({ networks }) => networks.includes(name)),
  }));
  return {
    items: found.filter(({ on }) => on.length === 0).map(({ name }) => ({ kind: 'network', name })),
    staying: found.flatMap(({ name, on }) => {
      const [agent] = on.flatMap(({ id }) => agentIds.get(id) ?? []);
      const isAlone = agent !== undefined && on.every(({ id }) => agentIds.has(id));
      return isAlone ? [{ kind: 'network' as const, name, agent }] : [];
    }),
  };
}
