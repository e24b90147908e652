import type { StackSpec } from '../spec/stack-spec.ts';
import type { DesiredHook } from './desired-state.ts';
import type { Expander } from './expander.ts';

/** A hook is nobody's: its rule keeps out what only a container could say. */
const NOBODY = { application: '', container: '', index: null };

/** What is run around an apply. What cannot be known yet, as in a rehearsal, is left out. */
export function resolveHooks({ hooks }: StackSpec, expander: Expander): readonly DesiredHook[] {
  return hooks.flatMap(({ name, command: words, container, timeoutMs }) => {
    const command = known(words.map((word) => expander.expand(word, NOBODY)));
    const shown = known(words.map((word) => expander.show(word, NOBODY)));
    return command === null || shown === null ? [] : [{ name, command, shown, container, timeoutMs }];
  });
}

function known(words: readonly (string | null)[]): readonly string[] | null {
  const all = words.flatMap((word) => (word === null ? [] : [word]));
  return all.length === words.length ? all : null;
}
