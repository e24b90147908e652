import { labels } from '../labels.ts';
import { imageKeeperName, revisionName } from '../names.ts';
import type { ContainerConfig } from './container-config.ts';
import { bareConfig } from './instance-config.ts';
import type { Operation } from './operation.ts';

/** Where a revision's container has what the revision was made from. */
export const REVISION_FILE = '/stackc-revision.json';
/** The same, once its images are known: beside the first, so that one that is cut off does no harm. */
export const WHOLE_FILE = '/stackc-revision.whole.json';

/** What such a container shows as its command, which is never run. */
const NEVER = ['kept by stackc, never run'];

/** The create call for the container that holds what a revision is made from; any image will do. */
export function revisionConfig(stack: string, revision: number, image: string): ContainerConfig {
  return {
    ...bareConfig(revisionName(stack, revision, 'begun'), image),
    entrypoint: NEVER,
    command: [],
    labels: {
      [labels.stack]: stack,
      [labels.role]: 'revision',
      [labels.revision]: String(revision),
    },
  };
}

/** The create call for the container that says what was adopted; any image will do. */
export function recordConfig({
  name,
  image,
  labels: own,
}: Pick<Extract<Operation, { kind: 'adoption.record' }>, 'name' | 'image' | 'labels'>): ContainerConfig {
  return { ...bareConfig(name, image), entrypoint: NEVER, command: [], labels: own };
}

/** The create call for the container that keeps an image: what a container is made from, no prune takes away. */
export function imageKeeperConfig(stack: string, imageId: string): ContainerConfig {
  return {
    ...bareConfig(imageKeeperName(stack, imageId), imageId),
    entrypoint: NEVER,
    command: [],
    labels: { [labels.stack]: stack, [labels.role]: 'image' },
  };
}
