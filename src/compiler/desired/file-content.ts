import { parseTemplate, type Template } from '../spec/template.ts';
import type { TextPlace } from '../spec/text-place.ts';
import type { FileContent } from './resolved-inputs.ts';

/** A file's text; null for what is not UTF-8, or was not read. */
export function contentText(found: FileContent): string | null {
  if (!('bytes' in found)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(found.bytes);
  } catch {
    return null;
  }
}

/** A file's text taken apart, its place that of the file's name; null as with {@link contentText}. */
export function contentTemplate(found: FileContent, place: TextPlace): Template | null {
  const text = contentText(found);
  return text === null ? null : { parts: parseTemplate(text).parts, place: { ...place, exact: null } };
}
