import { lstatSync, readdirSync, readFileSync, unlinkSync } from 'node:fs';

import { codeOf, systemError } from './system-error.ts';

const LOOK_EVERY_MS = 250;
/** A socket directory may lie some folders below its volume. */
const DEPTH = 4;
/** The name of a generation's own socket: `.shop-app0.2`. */
const OWN = /^\.[a-z0-9][\w-]*\.\d+$/;
/** The name of a socket on which an agent holds what comes. */
const HELD = /^\.hold\./;

/**
 * Removes the socket that a server has left at a generation's own path, so that it can bind it again when the engine
 * restarts it: some refuse a path that exists. A socket counts as left when the kernel's tables have it no more, in
 * whatever network namespace, though they had it before; one that is bound and not listened on yet stands in them.
 */
export function sweep(root: string, proc = '/proc'): () => void {
  /** Socket paths with a process in whose table they stand. */
  const seen = new Map<string, string>();
  const complained = new Set<string>();
  const timer = setInterval(() => {
    for (const path of sockets(root, OWN, DEPTH))
      if (isLeft(path, proc, seen)) remove(path, seen, complained);
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** Removes the sockets on which an agent that has ended held what came. For an agent that holds nothing yet. */
export function removeHeld(root: string): void {
  for (const path of sockets(root, HELD, DEPTH)) remove(path, new Map(), new Set());
}

function isLeft(path: string, proc: string, seen: Map<string, string>): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const known = seen.get(path);
  if (known !== undefined && stands(name, proc, known)) return false;
  const before = inodeOf(path);
  const pid = pids(proc).find((each) => stands(name, proc, each));
  if (pid !== undefined) seen.set(path, pid);
  return pid === undefined && known !== undefined && before !== null && inodeOf(path) === before;
}

/** One that may not be removed is tried again each time, and told of once: the agent's first process must not end of it. */
function remove(path: string, seen: Map<string, string>, complained: Set<string>): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      if (!complained.has(path)) process.stderr.write(`\`${path}\` is left over: ${systemError(error)}\n`);
      complained.add(path);
      return;
    }
  }
  seen.delete(path);
  complained.delete(path);
}

function sockets(directory: string, named: RegExp, depth: number): readonly string[] {
  return list(directory).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (entry.isSocket() && named.test(entry.name)) return [path];
    return entry.isDirectory() && depth > 0 ? sockets(path, named, depth - 1) : [];
  });
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function pids(proc: string): readonly string[] {
  return list(proc).flatMap(({ name }) => (/^\d+$/.test(name) ? [name] : []));
}

function stands(name: string, proc: string, pid: string): boolean {
  try {
    const table = readFileSync(`${proc}/${pid}/net/unix`, 'utf8');
    return table.includes(`/${name}\n`);
  } catch {
    return false;
  }
}

/** With the time of its making: numbers are used again. */
function inodeOf(path: string): string | null {
  try {
    const { ino, ctimeMs } = lstatSync(path);
    return `${ino} ${ctimeMs}`;
  } catch {
    return null;
  }
}
