import type { Template } from '../spec/template.ts';
import { SOCKET_HOLE } from './desired-state.ts';
import type { Expander, Scope } from './expander.ts';
import { digHole } from './socket.ts';

/** Words as they are run, and as they are shown and stored. */
export interface Words {
  readonly real: readonly string[] | null;
  readonly shown: readonly string[] | null;
  /** Whether one of them names the socket. */
  readonly namesSocket: boolean;
  /** Whether all of them are known; never in doubt outside a rehearsal. */
  readonly known: boolean;
}

/** Expands words and puts the hole where they name the published socket. */
export function expandWords(
  words: readonly Template[] | null,
  scope: Scope,
  published: string | null,
  expander: Expander,
): Words {
  if (words === null) return { real: null, shown: null, namesSocket: false, known: true };
  const real: string[] = [];
  const shown: string[] = [];
  let known = true;
  for (const word of words) {
    const text = expander.expand(word, scope);
    const display = expander.show(word, scope);
    known &&= text !== null;
    if (text !== null) real.push(digHole(text, published));
    if (display !== null) shown.push(digHole(display, published));
  }
  return {
    real,
    shown: shown.map((word) => word.replaceAll(SOCKET_HOLE, '%{socket}')),
    namesSocket: [...real, ...shown].some((word) => word.includes(SOCKET_HOLE)),
    known,
  };
}
