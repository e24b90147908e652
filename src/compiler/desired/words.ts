import { variesByInstance, type Template } from '../spec/template.ts';
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

const NOTHING: Words = { real: null, shown: null, namesSocket: false, known: true };

interface Word {
  /** Null: not known, or a problem. */
  readonly real: string | null;
  readonly shown: string | null;
}

/** Expands words and puts the hole where they name the published socket. Words that do not vary are expanded once. */
export function wordsExpander(
  words: readonly Template[] | null,
  expander: Expander,
): (scope: Scope, published: string | null) => Words {
  if (words === null) return () => NOTHING;
  const kept = new Map<Template, Word>();
  const expanded = (word: Template, scope: Scope): Word => {
    let found = kept.get(word);
    if (found === undefined) {
      found = { real: expander.expand(word, scope), shown: expander.show(word, scope) };
      if (!variesByInstance(word)) kept.set(word, found);
    }
    return found;
  };
  return (scope, published) => {
    const real: string[] = [];
    const shown: string[] = [];
    let known = true;
    let namesSocket = false;
    for (const word of words) {
      const text = expanded(word, scope);
      if (text.real === null) known = false;
      else real.push(digHole(text.real, published));
      if (text.shown === null) continue;
      const display = digHole(text.shown, published);
      const holed = display.includes(SOCKET_HOLE);
      namesSocket ||= holed;
      shown.push(holed ? display.replaceAll(SOCKET_HOLE, '%{socket}') : display);
    }
    return {
      real,
      shown,
      namesSocket: namesSocket || real.some((word) => word.includes(SOCKET_HOLE)),
      known,
    };
  };
}
