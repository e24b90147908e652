import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { lazyRequire } from './lazy-require.ts';
import type * as Program from './program-entry.ts';

/** Set by the build: changes with the bytes of the program. */
// oxlint-disable-next-line no-underscore-dangle -- a define of the build, named so that nothing else can be meant
declare const __STACKC_BUILD__: string;

/**
 * Only short runs keep what was compiled, in milliseconds: a long one (an apply with work, a log that is followed)
 * gains nothing, and has compiled much that would make short ones wait.
 */
const LONGEST_MS = 1000;

/**
 * Loads `program.cjs`, which lies beside this file, with the code that V8 compiled for the same command in an
 * earlier run: compiling is most of what a short command costs. The cache is a file per build, Node version and
 * command in the user's cache folder (`XDG_CACHE_HOME`, default `~/.cache`), used only when it belongs to this
 * user. Whatever is wrong with it, the program runs, only slower.
 *
 * Call `done` when the command has ended well: by then V8 knows all the code that it needs.
 */
export function loadProgram(words: readonly string[]): {
  readonly program: typeof Program;
  readonly done: () => void;
} {
  const file = join(__dirname, 'program.cjs');
  const isHelp = words.includes('--help') || words.includes('-h');
  const command = isHelp ? 'help' : (words.find((word) => /^[a-z]+$/.test(word)) ?? 'none');
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'stackc');
  const cache = join(folder, `${__STACKC_BUILD__}-${process.version}-${process.arch}-${command}.v8`);
  const cachedData = readOwn(cache);
  // The build writes a function expression, and ASCII only: the text is used as it is, one byte a character.
  const script = new Script(readFileSync(file, 'latin1'), {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, lazyRequire(require), module, file, __dirname);
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the bundle of that file; the build makes both
    program: module.exports as typeof Program,
    done: () => {
      const isUseless = cachedData === undefined || script.cachedDataRejected === true;
      if (isUseless && performance.now() < LONGEST_MS) write(folder, cache, script);
    },
  };
}

/** What is not this user's could be code of somebody else's. */
function readOwn(path: string): Buffer | undefined {
  try {
    const file = openSync(path, 'r');
    try {
      return fstatSync(file).uid === (process.getuid?.() ?? 0) ? readFileSync(file) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

function write(folder: string, path: string, script: Script): void {
  try {
    // Not `recursive`: below /proc that never returns.
    for (const place of [dirname(folder), folder]) if (!existsSync(place)) mkdirSync(place, { mode: 0o700 });
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, script.createCachedData(), { mode: 0o600 });
    renameSync(temporary, path);
    const mine = `${__STACKC_BUILD__}-${process.version}-`;
    for (const name of readdirSync(folder)) {
      if (name.endsWith('.v8') && !name.startsWith(mine)) rmSync(join(folder, name), { force: true });
    }
  } catch {
    // A full disk or a folder that cannot be written: the next run compiles again.
  }
}
