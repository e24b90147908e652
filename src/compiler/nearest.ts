import { distance } from 'fastest-levenshtein';

/** Suggestions are read, not searched: more than four are noise. */
const MOST = 4;

/** Beyond this, a word is not a slip of the pen, and comparing it only costs time. */
const LONGEST = 64;

/**
 * The candidates that somebody who wrote `word` may have meant, nearest first, at most four; equally near ones in
 * code-unit order. Near: at most a third of the letters differ, whatever their case; two of at least four, one of fewer.
 */
export function nearest(word: string, candidates: Iterable<string>): readonly string[] {
  if (word.length > LONGEST) return [];
  const wanted = word.toLowerCase();
  const letters = sorted(wanted);
  const limit = Math.max(word.length < 4 ? 1 : 2, Math.floor(word.length / 3));
  const near: { readonly candidate: string; readonly away: number }[] = [];
  for (const candidate of new Set(candidates)) {
    if (candidate.length > LONGEST || Math.abs(candidate.length - word.length) > limit) continue;
    const lower = candidate.toLowerCase();
    const edits = distance(wanted, lower);
    // Two letters swapped are one slip.
    const away = edits === 2 && sorted(lower) === letters ? 1 : edits;
    if (away <= limit && away < Math.max(word.length, candidate.length)) near.push({ candidate, away });
  }
  return near
    .sort((a, b) => a.away - b.away || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

function sorted(word: string): string {
  return word.split('').sort().join('');
}
