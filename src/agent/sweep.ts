import { lstatSync, readdirSync, statSync, unlinkSync, type Dirent } from 'node:fs';

import { TEMPORARY } from './published-link.ts';
import { tableOf } from './read-table.ts';
import { Refusals } from './refusals.ts';
import { codeOf, systemError } from './system-error.ts';
import { countSockets } from './unix-table.ts';

const LOOK_EVERY_MS = 250;
/** A socket directory may lie some folders below its volume. */
const DEPTH = 4;
/** A publish takes milliseconds. */
const LEFTOVER_MS = 10_000;
/** The name of a generation's own socket: `.shop-app0.2`. */
const OWN = /^\.[a-z0-9][\w-]*\.\d+$/;
/** The name of a socket on which an agent holds what comes. */
const HELD = /^\.hold\./;

/**
 * Removes the socket that a server has left at a generation's own path, so that it can bind it again when the engine
 * restarts it: some refuse a path that exists. A socket counts as left when the kernel's tables have it no more, in
 * whatever network namespace, though somebody was seen to listen on it, or though it refuses all connections: one that is
 * bound and not listened on yet stands in them. A connection is no listener: it stands in the table of the one who
 * connected, and goes with it. Removes as well the links of publishes that an agent was killed in.
 */
export function sweep(root: string, proc = '/proc'): () => void {
  /** Socket paths with a process in whose table they were listened on. */
  const seen = new Map<string, string>();
  const complained = new Set<string>();
  const refusals = new Refusals();
  const timer = setInterval(() => {
    const unseen = new Set<string>();
    for (const path of find(root, (entry) => isOwn(entry) || isTemporary(entry), DEPTH)) {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (name.startsWith(TEMPORARY)) {
        if (isOld(path)) remove(path, seen, complained);
        continue;
      }
      const wasSeen = seen.has(path);
      const inode = unlisted(path, name, proc, seen);
      if (inode === null) continue;
      if (!wasSeen) unseen.add(path);
      if (wasSeen || refusals.hasRefused(path, inode)) remove(path, seen, complained);
    }
    refusals.keep(unseen);
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** Removes the sockets on which an agent that has ended held what came. For an agent that holds nothing yet. */
export function removeHeld(root: string): void {
  for (const path of find(root, isHeld, DEPTH)) remove(path, new Map(), new Set());
}

/** Which file it is, where nobody has bound or opened a socket of that name; else null. Notes who listens on it. */
function unlisted(path: string, name: string, proc: string, seen: Map<string, string>): string | null {
  const known = seen.get(path);
  if (known !== undefined && countSockets(tableOf(tableFile(proc, known)), name).listening) return null;
  const before = inodeOf(path);
  let stands = false;
  for (const { pid, table } of tables(proc)) {
    const { listening, queued, open } = countSockets(table, name);
    stands ||= listening || queued > 0 || open.length > 0;
    if (!listening) continue;
    seen.set(path, pid);
    break;
  }
  return !stands && inodeOf(path) === before ? before : null;
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

function find(directory: string, isWanted: (entry: Dirent) => boolean, depth: number): readonly string[] {
  return list(directory).flatMap((entry) => {
    const path = `${directory}/${entry.name}`;
    if (isWanted(entry)) return [path];
    return entry.isDirectory() && depth > 0 ? find(path, isWanted, depth - 1) : [];
  });
}

function isOwn(entry: Dirent): boolean {
  return entry.isSocket() && OWN.test(entry.name);
}

function isHeld(entry: Dirent): boolean {
  return entry.isSocket() && HELD.test(entry.name);
}

function isTemporary(entry: Dirent): boolean {
  return entry.isSymbolicLink() && entry.name.startsWith(TEMPORARY);
}

function isOld(path: string): boolean {
  const made = lstatSync(path, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > LEFTOVER_MS;
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

/**
 * The table of each network namespace, with a process in it. The kernel numbers a table's file by its namespace: so each is
 * read once, and not for every process of the host.
 */
function* tables(proc: string): Generator<{ readonly pid: string; readonly table: string }> {
  const read = new Set<number>();
  for (const pid of pids(proc)) {
    const file = tableFile(proc, pid);
    const network = numberOf(file);
    if (network === null || read.has(network)) continue;
    const table = tableOf(file);
    // It has ended just now: another process of its network tells.
    if (table === '') continue;
    read.add(network);
    yield { pid, table };
  }
}

function tableFile(proc: string, pid: string): string {
  return `${proc}/${pid}/net/unix`;
}

function numberOf(file: string): number | null {
  try {
    return statSync(file).ino;
  } catch {
    return null;
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
