/**
 * A name as the engine can carry it: lower-case ASCII letters, digits and `-`. Accents are dropped, every other
 * stretch becomes one `-`, none at either end. Empty when nothing is left.
 */
export function slug(name: string): string {
  // Mostly it is one; the tables of Unicode take longer than all names of a file.
  if (/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return name;
  return name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Six hex digits that tell apart what has the same slug; the same on every machine (FNV-1a, 32 bits, folded to 24). */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return ((hash >>> 24) ^ (hash & 0xffffff)).toString(16).padStart(6, '0');
}
