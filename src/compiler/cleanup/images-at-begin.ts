import type { DesiredState } from '../desired/desired-state.ts';
import type { RecordedImage } from '../journal/record.ts';
import type { ObservedState } from '../observed/observed-state.ts';

/**
 * The images that an apply finds in containers of the stack, and those that it wants and whose ids are known, each once.
 * Whatever it replaces is among them, so that the journal knows every image that a stack has used (ADR 0017).
 */
export function imagesAtBegin(
  { containers, templates }: Pick<ObservedState, 'containers' | 'templates'>,
  desired: DesiredState | null,
): readonly RecordedImage[] {
  const found = new Map<string, RecordedImage>();
  const add = (id: string, reference: string | null) =>
    found.set(`${id} ${reference ?? ''}`, { id, reference });
  for (const { imageId, spec } of [...containers, ...templates]) add(imageId, spec?.image ?? null);
  for (const { image } of desired?.containers ?? []) if (image.id !== null) add(image.id, image.reference);
  return [...found.values()];
}
