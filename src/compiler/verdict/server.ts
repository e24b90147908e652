import { programOf } from '../desired/program.ts';

/** What kind of server runs, as far as its words tell. */
export type ServerKind =
  | 'unicorn'
  | 'puma'
  | 'gunicorn'
  | 'gunicorn-threads'
  | 'uvicorn'
  | 'node'
  | 'php-fpm'
  | 'nginx'
  | 'haproxy'
  | 'apache'
  | 'sidekiq'
  | 'shell'
  | 'unknown';

export interface ServerFacts {
  readonly kind: ServerKind;
  /** The program's name for texts; null when none can be told. */
  readonly program: string | null;
  /** It leaves a connection open after an answer when the other side does; null: not known. */
  readonly keepsAlive: boolean | null;
}

/** What the stop signal does to requests under way. */
export type StopEffect = 'finishes' | 'kills' | 'ignored' | 'unknown';

const PROGRAMS: readonly (readonly [pattern: RegExp, kind: ServerKind])[] = [
  [/^unicorn(_rails)?$/, 'unicorn'],
  [/^puma$/, 'puma'],
  [/^gunicorn3?$/, 'gunicorn'],
  [/^uvicorn$/, 'uvicorn'],
  [/^(node|nodejs|npm|npx|yarn|pnpm)$/, 'node'],
  [/^php-fpm[\d.]*$/, 'php-fpm'],
  [/^nginx(-debug)?$/, 'nginx'],
  [/^haproxy(-systemd-wrapper)?$/, 'haproxy'],
  [/^(apache2|httpd|apachectl|apache2ctl|apache2-foreground|httpd-foreground)$/, 'apache'],
  [/^sidekiq(swarm)?$/, 'sidekiq'],
  [/^(ba|da|a|z|k)?sh$/, 'shell'],
];

/** Null: it depends on more than the words. php-fpm keeps what FastCGI asks it to keep. */
const KEEPS_ALIVE: Readonly<Record<ServerKind, boolean | null>> = {
  unicorn: false,
  puma: true,
  gunicorn: false,
  'gunicorn-threads': true,
  uvicorn: true,
  node: true,
  'php-fpm': true,
  nginx: true,
  haproxy: true,
  apache: true,
  sidekiq: false,
  shell: null,
  unknown: null,
};

/** Tells by the words of entrypoint and command which server runs; the image's own where the file writes none. */
export function serverOf(entrypoint: readonly string[], command: readonly string[]): ServerFacts {
  const words = [...entrypoint, ...command];
  const programs = [programOf(entrypoint), programOf(command)].filter((program) => program !== null);
  for (const program of programs) {
    const kind = kindOf(program, words);
    // An entrypoint is often a script that runs the command in the end.
    if (kind === 'shell' && program !== programs.at(-1)) continue;
    if (kind !== 'unknown') return { kind, program, keepsAlive: keepsAlive(kind, words) };
  }
  return { kind: 'unknown', program: programs.at(-1) ?? null, keepsAlive: null };
}

function kindOf(program: string, words: readonly string[]): ServerKind {
  if (program === 'rails') return words.includes('server') || words.includes('s') ? 'puma' : 'unknown';
  const kind = PROGRAMS.find(([pattern]) => pattern.test(program))?.[1] ?? 'unknown';
  return kind === 'gunicorn' && isThreaded(words) ? 'gunicorn-threads' : kind;
}

/** Any worker class but `sync`; threads make a `gthread` of that one. */
function isThreaded(words: readonly string[]): boolean {
  const workers = optionOf(words, ['-k', '--worker-class']) ?? 'sync';
  return workers !== 'sync' || Number(optionOf(words, ['--threads']) ?? 1) > 1;
}

function keepsAlive(kind: ServerKind, words: readonly string[]): boolean | null {
  // A configuration file may name another worker class.
  const isOpen = kind === 'gunicorn' && optionOf(words, ['-c', '--config']) !== null;
  return isOpen ? null : KEEPS_ALIVE[kind];
}

/** `--name value`, `--name=value` or `-nvalue`; the last one counts. */
function optionOf(words: readonly string[], names: readonly string[]): string | null {
  let found: string | null = null;
  words.forEach((word, i) => {
    for (const name of names) {
      if (word === name) found = words[i + 1] ?? '';
      else if (name.startsWith('--') && word.startsWith(`${name}=`)) found = word.slice(name.length + 1);
      else if (!name.startsWith('--') && word.startsWith(name)) found = word.slice(name.length);
    }
  });
  return found;
}

/** Signals on which what is under way is finished; others of the usual ones end the program at once. */
const FINISHES: Readonly<Partial<Record<ServerKind, readonly string[]>>> = {
  unicorn: ['QUIT'],
  puma: ['TERM', 'INT'],
  gunicorn: ['TERM'],
  'gunicorn-threads': ['TERM'],
  uvicorn: ['TERM', 'INT'],
  'php-fpm': ['QUIT'],
  nginx: ['QUIT'],
  haproxy: ['USR1'],
  apache: ['WINCH'],
  sidekiq: ['TERM', 'INT'],
};

/** What a signal does to this server; null: a signal that is not known. */
export function stopEffect(kind: ServerKind, signal: string | null): StopEffect {
  const name = signal?.replace(/^SIG/, '') ?? null;
  if (name === 'KILL') return 'kills';
  if (name === null || kind === 'unknown' || kind === 'node') return 'unknown';
  if (kind === 'shell') return 'ignored';
  return FINISHES[kind]?.includes(name) === true ? 'finishes' : 'kills';
}

/** The signal on which this server finishes; null where none is known. */
export function gracefulSignal(kind: ServerKind): string | null {
  return FINISHES[kind]?.[0] ?? null;
}
