import type { CleanupScene, EngineContainer } from './cleanup-scene.ts';
import { repositoryOf, usedAs, type ImageTrace } from './used-images.ts';

/** An image that goes, with all of its names. */
export interface ImageItem {
  readonly kind: 'image';
  readonly id: string;
  readonly names: readonly string[];
  /** With the layers that it shares with others, which stay with those. */
  readonly bytes: number;
}

/** An image that the stack has used and does not need, and that stays all the same. */
export interface StayingImage {
  readonly kind: 'image';
  readonly id: string;
  readonly names: readonly string[];
  readonly why: ImageStays;
}

/**
 * `used`: by a container that is none of the stack's. `named`: by somebody, in a repository under which the stack never used it.
 * `unreadable`: kept revisions that may have it.
 */
export type ImageStays =
  | { readonly kind: 'used'; readonly by: string }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'unreadable'; readonly revisions: readonly number[] };

/** The images that the stack has used, `left` being the containers that stay on the engine: those that go, and those that stay for others. */
export function unusedImages(
  { images, traces, observed, wanted }: CleanupScene,
  left: readonly EngineContainer[],
): { readonly items: readonly ImageItem[]; readonly staying: readonly StayingImage[] } {
  const all = [...traces, ...containerTraces([...observed.containers, ...observed.templates])];
  const own = new Set([
    ...observed.containers.map(({ id }) => id),
    ...[...observed.templates, ...observed.jobRuns].map(({ id }) => id),
    ...[...observed.agents, ...observed.kept, ...observed.runs].map(({ id }) => id),
  ]);
  const users = new Map(left.map((container) => [container.imageId, container]));
  // Of two users the stack's own counts: then there is nothing to say.
  for (const container of left) if (own.has(container.id)) users.set(container.imageId, container);
  const items: ImageItem[] = [];
  const staying: StayingImage[] = [];
  for (const image of images) {
    const repositories = usedAs(image, all);
    if (repositories === null || wanted.named.has(image.id) || wanted.kept.has(image.id)) continue;
    const user = users.get(image.id);
    if (user !== undefined && own.has(user.id)) continue;
    const { id, tags: names, bytes } = image;
    const stays = (why: ImageStays) => staying.push({ kind: 'image', id, names, why });
    const foreign = names.find((name) => !repositories.has(repositoryOf(name)));
    if (user !== undefined) stays({ kind: 'used', by: user.name });
    else if (wanted.unreadable.length > 0) stays({ kind: 'unreadable', revisions: wanted.unreadable });
    else if (foreign !== undefined) stays({ kind: 'named', name: foreign });
    else items.push({ kind: 'image', id, names, bytes });
  }
  return { items: items.sort(byName), staying: staying.sort(byName) };
}

/** What is left of generations and migrations shows what they were made from. */
function containerTraces(containers: CleanupScene['observed']['containers']): readonly ImageTrace[] {
  return containers.map(({ imageId, spec }) => ({ kind: 'id', id: imageId, reference: spec?.image ?? null }));
}

function byName(a: Named, b: Named): number {
  const [one, other] = [a.names[0] ?? a.id, b.names[0] ?? b.id];
  return one < other ? -1 : one > other ? 1 : 0;
}

interface Named {
  readonly id: string;
  readonly names: readonly string[];
}
