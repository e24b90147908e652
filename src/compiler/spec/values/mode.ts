import { parsed, unparsed, type Parsed } from './parsed.ts';

/** Reads permissions as chmod does, three or four octal digits; gives four. */
export function parseMode(text: string): Parsed<string> {
  if (/^[0-7]{3,4}$/.test(text)) return parsed(text.padStart(4, '0'));
  return unparsed(
    `\`${text}\` are no permissions`,
    0,
    Math.max(text.length, 1),
    'write three or four octal digits in quotes: `"0644"`, `"0600"`',
  );
}
