/** Programs that run another one, and how many of the following words are their own. */
const WRAPPERS: Readonly<Record<string, (rest: readonly string[]) => number>> = {
  exec: () => 0,
  env: (rest) => skip(rest, (word) => /^(-i|-|[A-Za-z_]\w*=.*)$/.test(word)),
  nice: options,
  ionice: options,
  nohup: () => 0,
  setsid: options,
  stdbuf: options,
  tini: options,
  'dumb-init': options,
  catatonit: options,
  gosu: () => 1,
  'su-exec': () => 1,
};

/** Options with a word of their own, of the programs above. */
const WITH_VALUE = new Set(['-n', '-c', '-p', '-o', '-e', '-i']);

function skip(rest: readonly string[], own: (word: string) => boolean): number {
  const end = rest.findIndex((word) => !own(word));
  return end === -1 ? rest.length : end;
}

function options(rest: readonly string[]): number {
  let i = 0;
  while (rest[i]?.startsWith('-') === true) {
    if (rest[i] === '--') return i + 1;
    i += WITH_VALUE.has(rest[i] ?? '') && !(rest[i + 1] ?? '-').startsWith('-') ? 2 : 1;
  }
  return i;
}

/**
 * The base name of the program that a command runs in the end: behind `bundle exec`, `env`, `exec`, `nice`, `tini` and
 * their like, and in a `sh -c` whose text is one command. Null when there is none.
 */
export function programOf(words: readonly string[], depth = 0): string | null {
  const [first, ...rest] = words;
  if (first === undefined || depth > 8) return null;
  const name = first.slice(first.lastIndexOf('/') + 1);
  if (name === 'bundle' && rest[0] === 'exec') return programOf(rest.slice(1), depth + 1);
  if (/^(ba|da|a|z|k)?sh$/.test(name)) {
    const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
    const script = at === -1 ? undefined : rest[at + 1];
    if (script === undefined) return name;
    // A shell that does not `exec` stays in front, and whatever joins commands is beyond us.
    if (/[;&|<>()$`\n]/.test(script)) return name;
    return programOf(script.trim().split(/\s+/), depth + 1);
  }
  const own = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  return own === undefined ? name : programOf(rest.slice(own(rest)), depth + 1);
}
