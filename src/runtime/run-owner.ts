import { readFileSync, readlinkSync } from 'node:fs';

/**
 * This process, told apart from every other one, earlier and later ones too: the boot of its machine, its namespace of
 * process ids, its id and its start. Null where /proc does not tell that.
 */
export function ownMark(): string | null {
  const place = placeMark();
  const start = startOf(process.pid);
  return place === null || start === null ? null : `${place}/${process.pid}/${start}`;
}

/** Whether the process of a mark still runs; unknown for one of another machine, and without a mark. */
export function ownerState(mark: string | undefined): 'running' | 'gone' | 'unknown' {
  const [, place, pid, start] = /^(.+)\/(\d+)\/(\d+)$/.exec(mark ?? '') ?? [];
  if (place === undefined || place !== placeMark()) return 'unknown';
  const found = startOf(Number(pid));
  if (found !== null) return found === start ? 'running' : 'gone';
  return isHidden(Number(pid)) ? 'unknown' : 'gone';
}

/** Another user's process need not show in /proc (`hidepid`), but it can be asked for. */
function isHidden(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function placeMark(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}`;
  } catch {
    return null;
  }
}

/** In clock ticks since the boot: field 22 of proc(5)'s `stat`, whose second may hold spaces. Empty for a zombie, null for none. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = 'X', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /[ZX]/.test(state) ? '' : (fields[18] ?? null);
  } catch {
    return null;
  }
}
