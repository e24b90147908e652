import type { Template, TemplatePart } from './template.ts';
import { shellWords } from './values/shell-words.ts';
import { parsed, unparsed, type Parsed } from './values/parsed.ts';

/** No argument can hold a NUL byte, so it can stand for a part that must not be split. */
const OPAQUE = '\0';

/**
 * Splits a template as {@link shellWords} splits a string. What an interpolation will give is never split: a value
 * with blanks stays one word.
 */
export function templateWords(template: Template): Parsed<readonly Template[]> {
  let text = '';
  // Of every character of `text`, its offset in the written string.
  const offsets: number[] = [];
  const opaque: TemplatePart[] = [];
  for (const part of template.parts) {
    if (part.kind === 'text') {
      const nul = part.text.indexOf(OPAQUE);
      if (nul !== -1)
        return unparsed('a word cannot hold a NUL byte', part.start + nul, part.start + nul + 1);
      for (let i = 0; i < part.text.length; i++) offsets.push(part.start + i);
      text += part.text;
    } else {
      offsets.push(part.start);
      text += OPAQUE;
      opaque.push(part);
    }
  }
  const words = shellWords(text);
  if (!words.ok) {
    const start = offsets[words.problem.start] ?? 0;
    return unparsed(words.problem.message, start, start + 1, words.problem.help);
  }
  let used = 0;
  const templates = words.value.map((word): Template => {
    const parts: TemplatePart[] = [];
    for (const [i, piece] of word.split(OPAQUE).entries()) {
      const hidden = i === 0 ? undefined : opaque[used++];
      if (hidden !== undefined) parts.push(hidden);
      // Quotes are gone, so a piece has no place of its own any more: the whole string is its place.
      if (piece !== '') parts.push({ kind: 'text', text: piece, start: 0, end: 0 });
    }
    return { parts, place: template.place };
  });
  return parsed(templates);
}
