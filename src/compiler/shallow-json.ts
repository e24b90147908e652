/** Nothing that this program writes is deeper. */
const MOST_LEVELS = 100;

/**
 * What a text of ours says; `undefined` where it is no JSON, or collections lie in each other as in nothing that was written by
 * a program of ours: of those each level costs memory, and whoever walks through them runs out of stack.
 */
export function shallowJson(text: string): unknown {
  if (isDeep(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isDeep(text: string): boolean {
  let levels = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfWord(text, at);
    else if (character === '[' || character === '{') levels += 1;
    else if (character === ']' || character === '}') levels -= 1;
    if (levels > MOST_LEVELS) return true;
  }
  return false;
}

/** Where the word that begins there ends: at the next quote before which there is an even number of backslashes. */
function endOfWord(text: string, begin: number): number {
  for (let at = begin + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at === -1) return text.length;
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return at;
  }
}
