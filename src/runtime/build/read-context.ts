import { createHash, type Hash } from 'node:crypto';
import {
  createReadStream,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import dockerignore from '@balena/dockerignore';

import type { BuildContent, BuildRequirement } from '../../compiler/desired/resolved-inputs.ts';

/** Larger files are read piece by piece. */
const WHOLE_BYTES = 1024 * 1024;

/** Raised when the same content gets another digest. */
const FORMAT = 'stackc build 1';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  ELOOP: 'is a link that leads to itself',
};

/** What the end of a sentence says. */
class Unreadable extends Error {}

/**
 * The digest of what goes into a build: all that is in its context but for what `.dockerignore` names (paths, modes, contents
 * and where links lead; no times, no owners), its Dockerfile, arguments, target and platform. `folder` is the stack file's.
 * Never rejects for what is there.
 */
export async function readContext(build: BuildRequirement, folder: string): Promise<BuildContent> {
  const { context, dockerfile, args, target, platform } = build;
  const root = resolve(folder, context);
  const hash = createHash('sha256');
  try {
    if (!(await about('it', () => statSync(root))).isDirectory()) return { error: 'it is no folder' };
    // Its files of processes and devices have no end.
    if (realpathSync(root) === parse(root).root)
      return { error: 'it is the whole file system of this machine' };
    const steps = await readDockerfile(root, dockerfile);
    hash.update(`${JSON.stringify([FORMAT, args, target, platform, steps.length])}\n`).update(steps);
    const tally = { files: 0, bytes: 0 };
    await walk(root, '', await ignoredIn(root, dockerfile), hash, tally);
    return { digest: hash.digest('hex'), ...tally };
  } catch (error) {
    if (error instanceof Unreadable) return { error: error.message };
    throw error;
  }
}

/** The file that names what stays out: BuildKit takes that of the Dockerfile before that of the context. */
export function ignoreFiles(dockerfile: string): readonly [own: string, shared: string] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}

async function readDockerfile(root: string, dockerfile: string): Promise<Buffer> {
  const path = resolve(root, dockerfile);
  try {
    if (!statSync(path).isFile()) throw new Unreadable(`\`${dockerfile}\` is no file`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new Unreadable(`it has no \`${dockerfile}\``);
    throw named(`\`${dockerfile}\``, error);
  }
  return about(`\`${dockerfile}\``, () => readFileSync(path));
}

interface Ignored {
  readonly ignores: (path: string) => boolean;
  /** Whether something may be let in that lies in a folder which stays out. */
  readonly hasExceptions: boolean;
}

async function ignoredIn(root: string, dockerfile: string): Promise<Ignored> {
  for (const name of ignoreFiles(dockerfile)) {
    try {
      // Reading a pipe would wait for a writer.
      if (!statSync(resolve(root, name)).isFile()) throw new Unreadable(`\`${name}\` is no file`);
      const text = readFileSync(resolve(root, name), 'utf8').replace(/^\uFEFF/, '');
      // Docker tells `TMP` from `tmp`.
      const rules = dockerignore.default({ ignorecase: false }).add(text);
      return { ignores: (path) => rules.ignores(path), hasExceptions: /^\s*!/m.test(text) };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw named(`\`${name}\``, error);
    }
  }
  return { ignores: () => false, hasExceptions: false };
}

interface Tally {
  files: number;
  bytes: number;
}

/** In an order that is the same everywhere. */
async function walk(root: string, below: string, ignored: Ignored, hash: Hash, tally: Tally): Promise<void> {
  // Of many small files the calls that wait for nobody take a fraction of the time; between folders others get their turn.
  await turn();
  const names = await about(below === '' ? 'it' : `\`${below}\``, () => readdirSync(join(root, below)));
  for (const name of names.sort()) {
    const path = below === '' ? name : `${below}/${name}`;
    const out = ignored.ignores(path);
    if (out && !ignored.hasExceptions) continue;
    const full = join(root, path);
    const facts = await about(`\`${path}\``, () => lstatSync(full, { throwIfNoEntry: false }));
    if (facts === undefined) {
      if (out) continue;
      // What its bytes became leads nowhere.
      const why = name.includes('\uFFFD') ? 'has a name that is not UTF-8' : WHY['ENOENT'];
      throw new Unreadable(`\`${path}\` ${why}`);
    }
    if (facts.isDirectory()) {
      if (!out) entry(hash, 'folder', facts.mode, path, 0);
      await walk(root, path, ignored, hash, tally);
    } else if (out) {
      continue;
    } else if (facts.isSymbolicLink()) {
      const target = await about(`\`${path}\``, () => readlinkSync(full));
      entry(hash, 'link', 0, path, target.length);
      hash.update(target);
      tally.files += 1;
    } else if (facts.isFile()) {
      entry(hash, 'file', facts.mode, path, facts.size);
      await about(`\`${path}\``, () => addContent(hash, full, facts.size));
      tally.files += 1;
      tally.bytes += facts.size;
    }
    // Docker leaves sockets out, and a pipe or a device is nothing to build from.
  }
}

function entry(hash: Hash, kind: string, mode: number, path: string, bytes: number): void {
  hash.update(`${JSON.stringify([kind, mode & 0o7777, path, bytes])}\n`);
}

async function addContent(hash: Hash, path: string, bytes: number): Promise<void> {
  if (bytes <= WHOLE_BYTES) {
    hash.update(readFileSync(path));
    return;
  }
  const stream: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: WHOLE_BYTES });
  for await (const piece of stream) hash.update(piece);
}

async function about<T>(what: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw named(what, error);
  }
}

function named(what: string, error: unknown): unknown {
  if (error instanceof Unreadable) return error;
  const code = codeOf(error);
  return code === null ? error : new Unreadable(`${what} ${WHY[code] ?? `cannot be read (${code})`}`);
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error ? String(error.code) : null;
}
