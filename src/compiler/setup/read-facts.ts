import type { EngineFacts, EngineSource, MachineFacts, Rights, RunningEngine } from './machine-facts.ts';

/** The line before the facts, and the one after them: a login shell may have something to say of its own. */
export const FACTS_BEGIN = 'stackc-machine 1';
export const FACTS_END = 'stackc-machine end';

const RIGHTS: readonly Rights[] = ['root', 'sudo', 'password', 'none'];
const SERVICES: readonly MachineFacts['system']['services'][] = ['systemd', 'sysv', 'none'];
/** The first that is there is the one that counts: snap's lies beside any package. */
const SOURCES: readonly EngineSource[] = ['docker-ce', 'docker.io', 'moby-engine', 'podman-docker', 'snap'];

/**
 * Reads what the look script has printed: `name=value` a line, texts of several lines in hexadecimal digits. Null where its end is
 * missing or a value is none of those that it prints.
 */
export function readFacts(output: string): MachineFacts | null {
  const lines = output.split(/\r?\n/);
  const [begin, end] = [lines.indexOf(FACTS_BEGIN), lines.indexOf(FACTS_END)];
  if (begin < 0 || end < begin) return null;
  const values = new Map(lines.slice(begin + 1, end).map(pair));
  const of = (name: string) => values.get(name) ?? '';
  const rights = RIGHTS.find((word) => word === of('rights'));
  const services = SERVICES.find((word) => word === of('services'));
  const user = of('user');
  if (rights === undefined || services === undefined || !/^[\w.@+\\-]+\$?$/.test(user)) return null;
  return {
    user,
    rights,
    mayUseEngine: rights === 'root' || of('groups').split(' ').includes('docker'),
    system: {
      id: of('os_id'),
      codename: of('os_codename'),
      name: of('os_name') || 'a system without a name',
      architecture: of('architecture'),
      services,
      cgroups: of('cgroups') === 'yes',
      freeBytes: count(of('free_kib')) * 1024,
    },
    packages: {
      hasApt: of('apt') === 'yes',
      interrupted: of('interrupted') === 'yes',
      lockedBy: of('locked_by') || null,
      candidate: candidateOf(of('candidate')),
      knowsDockers: of('knows_dockers') === 'yes',
    },
    engine: engineOf(of),
    flags: textOf(of('flags')),
    settings: values.has('settings') ? textOf(of('settings')) : null,
  };
}

function pair(line: string): readonly [string, string] {
  const at = line.indexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function engineOf(of: (name: string) => string): EngineFacts | null {
  const installed = of('installed').split(' ');
  const source = SOURCES.find((word) => installed.includes(word)) ?? (isThere(of) ? 'other' : null);
  if (source === null) return null;
  return {
    source,
    version: /\d+\.\d+[\w.]*/.exec(of('dockerd'))?.[0] ?? '',
    hasClient: of('client') === 'yes',
    startsAtBoot: of('at_boot') === 'yes',
    hasProcess: of('process') === 'yes' || of('server') !== '',
    swarm: !['', 'inactive'].includes(of('swarm')),
    // Without their number nobody could say that no container stops.
    running: of('server') === '' || !/^\d+$/.test(of('containers')) ? null : runningOf(of),
  };
}

/** Also one whose program lies where nobody looks. */
function isThere(of: (name: string) => string): boolean {
  return of('dockerd') !== '' || of('server') !== '' || of('process') === 'yes';
}

function runningOf(of: (name: string) => string): RunningEngine {
  return {
    version: of('server'),
    containers: count(of('containers')),
    liveRestore: of('live_restore') === 'true',
    awaitsRestart: of('awaits_restart') === 'yes',
    hasAgentImage: of('agent_image') === 'yes',
  };
}

function candidateOf(text: string): string | null {
  return text === '' || text === '(none)' ? null : text;
}

function count(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

/** As it is, a byte order mark as well: it is compared with what is there later. */
function textOf(digits: string): string {
  const bytes = (digits.match(/[0-9a-f]{2}/g) ?? []).map((pairOf) => Number.parseInt(pairOf, 16));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
