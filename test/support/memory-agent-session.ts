import { Lease } from '../../src/agent/lease.ts';
import { readRecords } from '../../src/compiler/journal/lines.ts';
import { revisionsOf } from '../../src/compiler/journal/revisions.ts';
import { labels } from '../../src/compiler/labels.ts';
import { AgentError, type AgentSession } from '../../src/runtime/agent/agent-session.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import type { ContainerDetails } from '../../src/runtime/engine.ts';
import type { MemoryEngine } from './memory-engine.ts';

/** What a haproxy was told of its servers, by `backend/server`: the short id of the container there. */
export type Told = Map<string, { readonly host: string; readonly state: 'ready' | 'drain' | 'maint' }>;

/** What an agent in memory works on. */
export interface MemoryAgentOptions {
  readonly engine: MemoryEngine;
  readonly clock: Clock;
  /** `directory/name` → the file name that a link leads to, or `@shop-app0.1` for the socket that a generation has bound there itself. */
  readonly links: Map<string, string>;
  readonly journal: string[];
  readonly told: Told;
  /** Absent: one of its own. */
  readonly lease?: Lease;
  /** Before anything is done; what it throws, the question rejects with. */
  readonly onCall: (line: string) => void;
  /** What a probe is answered; absent: all is well. */
  readonly probe?: AgentSession['probe'];
  /** Tells one life of the agent from another: what it holds ends with it. */
  readonly run?: () => string;
}

/** An agent that keeps published links in memory, and waits for nobody. */
export function memoryAgentSession(options: MemoryAgentOptions): AgentSession {
  const { engine, clock, links, journal, told, onCall, probe } = options;
  const lease = options.lease ?? new Lease(() => clock.now());
  const holds = new Map<string, Held>();
  const run = () => options.run?.() ?? '';
  const isHeld = (path: string) => {
    const held = holds.get(path);
    return held !== undefined && held.run === run();
  };
  const isServed = (socket: string | undefined) => {
    if (socket === undefined) return false;
    return engine
      .containers()
      .some((container) => generationOf(container) === socket.slice(1) && container.state === 'running');
  };
  /** A socket that was kept is in its place again, if a server still listens there and no other has bound it. */
  const handBack = (path: string) => {
    const held = holds.get(path);
    const now = links.get(path);
    if (now?.startsWith('@') === true && isServed(now)) {
      if (held?.kept === true) links.delete(beside(path, held.back));
      holds.delete(path);
      return;
    }
    const kept = held?.kept === true ? links.get(beside(path, held.back)) : undefined;
    if (kept === undefined || !isServed(kept)) return;
    links.set(path, kept);
    links.delete(beside(path, held?.back ?? ''));
    holds.delete(path);
  };
  /** Nobody came for what is held. */
  const giveUp = (path: string, held: Held) => {
    if (holds.get(path) !== held || held.run !== run()) return;
    handBack(path);
    if (holds.delete(path) && links.get(path) === held.as && isServed(`.${held.back.slice(1)}`))
      links.set(path, held.back);
  };
  return {
    probe: probe ?? (() => Promise.resolve({ ok: true, status: 200, ms: 1 })),
    publish: async (directory, link, to) => {
      onCall(`publish ${directory}/${link} → ${to}`);
      // What is held goes to the server that has bound the name.
      if (link === to) handBack(`${directory}/${link}`);
      else {
        holds.delete(`${directory}/${link}`);
        links.set(`${directory}/${link}`, to);
      }
      return null;
    },
    hold: async (directory, link, { as, back, kept, limitMs }) => {
      onCall(`hold ${directory}/${link}`);
      const path = `${directory}/${link}`;
      const held: Held = { as, back, kept, run: run() };
      holds.set(path, held);
      links.set(path, as);
      void clock.sleep(limitMs).then(() => giveUp(path, held));
    },
    keep: async (directory, name, as) => {
      onCall(`keep ${directory}/${name} as ${as}`);
      const socket = links.get(`${directory}/${name}`);
      if (socket?.startsWith('@') === true) links.set(`${directory}/${as}`, socket);
    },
    restore: async (directory, name, from) => {
      onCall(`restore ${directory}/${name} from ${from}`);
      const path = `${directory}/${name}`;
      const kept = links.get(`${directory}/${from}`);
      if (isHeld(path)) {
        handBack(path);
        if (isHeld(path)) return;
      }
      if (kept !== undefined && isServed(kept)) links.set(path, kept);
      else if (links.get(path)?.startsWith('.') === true) links.delete(path);
      links.delete(`${directory}/${from}`);
    },
    unlink: async (directory, name) => {
      onCall(`unlink ${directory}/${name}`);
      links.delete(`${directory}/${name}`);
    },
    drain: async ({ name, path }) => {
      onCall(`drain ${path}`);
      const directory = path.slice(0, path.lastIndexOf('/'));
      const leading = [...links].find(([link, to]) => to === name && link.startsWith(`${directory}/`));
      if (leading !== undefined) throw new AgentError(`${leading[0]} still leads to ${name}`);
      await clock.sleep(250);
      return { kind: 'drained', ms: 250, most: 0 };
    },
    arrivals: async ({ name, count }) => {
      onCall(`arrivals ${name}`);
      return { seen: count, ms: 10 };
    },
    journal: async (lines, by, doing) => {
      onCall(`journal ${lines.length}`);
      const lost = by === null ? null : lease.goOn(by, doing);
      if (lost === null) journal.push(...lines);
      return lost;
    },
    lease: async (request) => lease.take(request, options),
    free: async (id) => lease.free(id),
    holder: async () => lease.holder(),
    unlock: async (id) => lease.unlock(id),
    revision: () => Promise.resolve(revisionsOf(readRecords(journal.join('\n'))).at(-1)?.revision ?? 0),
    portArrivals: async ({ ports, count }) => {
      onCall(`port arrivals ${ports.join(' ')}`);
      return { seen: count, beside: 0, ms: 10 };
    },
    drainPorts: async ({ ports }) => {
      onCall(`drain ports ${ports.join(' ')}`);
      return { kind: 'drained', ms: 250, most: 0 };
    },
    listeners: async (ports) => {
      onCall(`listeners ${ports.join(' ')}`);
      const running = await engine.listContainers([`${labels.role}=instance`]);
      // Every generation that runs has a socket of its own, on each port that anybody asks of.
      const inodes = running.flatMap(({ id, state }) => (state === 'running' ? [inodeOf(id)] : []));
      return { listening: ports.flatMap((port) => inodes.map((inode) => ({ port, inode }))), migrates: true };
    },
    host: async () => ({ listening: [], freeBytes: null }),
    point: async ({ socket, servers, host, ready }) => {
      onCall(`point ${servers.join(' ')} at ${socket}`);
      if (
        !(await engine.listContainers([])).some(({ id, state }) => id.startsWith(host) && state === 'running')
      )
        throw new AgentError(`the address of ${host} cannot be looked up`);
      for (const server of servers)
        told.set(server, { host, state: ready ? 'ready' : (told.get(server)?.state ?? 'ready') });
      return { missing: [], unresolved: [], down: [], ms: 1 };
    },
    leave: async ({ socket, servers, state }) => {
      onCall(`${state} ${servers.join(' ')} at ${socket}`);
      for (const server of servers) told.set(server, { host: told.get(server)?.host ?? '', state });
      return { missing: [], unresolved: [], down: [], ms: 1 };
    },
    cronRun: () => Promise.reject(new AgentError('this agent runs no jobs')),
    cronPause: () => Promise.reject(new AgentError('this agent runs no jobs')),
    cronResume: () => Promise.reject(new AgentError('this agent runs no jobs')),
    close: () => {},
  };
}

function inodeOf(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

/** A published path where the agent listens itself. */
interface Held {
  readonly as: string;
  readonly back: string;
  readonly kept: boolean;
  readonly run: string;
}

function beside(path: string, name: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1) + name;
}

/** As in the names of sockets: `shop-app0.2`; of a container that is nobody's: its id. */
export function generationOf({
  id = '',
  labels: own,
}: Pick<ContainerDetails, 'labels'> & Partial<Pick<ContainerDetails, 'id'>>): string {
  if (own[labels.stack] === undefined) return id;
  return `${own[labels.stack]}-${own[labels.instance]}.${own[labels.generation]}`;
}
