/** The sockets of one network namespace that bear a name, counted. */
export interface SocketCount {
  /** Somebody listens on it. */
  readonly listening: boolean;
  /** Connections that wait to be accepted. */
  readonly queued: number;
  /** Inodes of accepted connections, unique on the machine. */
  readonly open: readonly string[];
}

/** `__SO_ACCEPTCON` in the column of flags: a listener. */
const LISTENS = '00010000';
/** Seven columns, then the path with all that it holds. */
const LINE = /^\S+ \S+ \S+ (\S+) \S+ \S+ +(\d+)(?: (.*))?$/;

/**
 * Counts the sockets of a `/proc/<pid>/net/unix` (proc_pid_net(5)) whose path ends in `name`. A connection bears the path
 * that its listener was bound to, and stands in the table of the one who connected. A queued one has no inode yet.
 *
 * The directory is left out: every mount names it anew. What follows `name` after a full stop counts as well: haproxy
 * binds `NAME.<pid>.tmp` and renames it.
 */
export function countSockets(table: string, name: string): SocketCount {
  let listening = false;
  let queued = 0;
  const open: string[] = [];
  for (const line of table.split('\n')) {
    if (!line.includes(name)) continue;
    const [, flags, inode, path] = LINE.exec(line) ?? [];
    if (path === undefined || !isNamed(path.slice(path.lastIndexOf('/') + 1), name)) continue;
    if (flags === LISTENS) listening = true;
    else if (inode === '0') queued += 1;
    else if (inode !== undefined) open.push(inode);
  }
  return { listening, queued, open };
}

function isNamed(file: string, name: string): boolean {
  return file === name || file.startsWith(`${name}.`);
}
