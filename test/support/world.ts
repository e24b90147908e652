import { labels } from '../../src/compiler/labels.ts';
import { runningBalancers, type BalancerText } from '../../src/compiler/balancer/running.ts';
import { readRecords } from '../../src/compiler/journal/lines.ts';
import { revisionsOf } from '../../src/compiler/journal/revisions.ts';
import type { DesiredState } from '../../src/compiler/desired/desired-state.ts';
import type { Plan, PlanRequest } from '../../src/compiler/plan/plan.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { AgentError, type AgentConnector, type AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { execute } from '../../src/runtime/execute.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import type { JournalOptions } from '../../src/runtime/journal/apply-journal.ts';
import { specOf } from '../../src/runtime/parse-spec.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { observe, phaseOf } from '../../src/runtime/observe.ts';
import { plainRequest, STACK } from './desired.ts';
import type { BehaviourOf } from './memory/behaviour.ts';
import { memoryEngine } from './memory-engine.ts';
import type { MemoryEngine, MemoryEngineOptions } from './memory-engine.ts';
import type { EngineCall } from './memory/world.ts';
import { virtualClock } from './virtual-clock.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** An engine in memory with an agent that keeps published links, and time that does not pass. */
export interface World {
  readonly engine: MemoryEngine;
  readonly clock: VirtualClock;
  /**
   * `directory/name` → the file name that a link leads to, or `@shop-app0.1` for the socket that a generation has bound
   * there itself. Sockets at paths of their own are not kept count of.
   */
  readonly links: Map<string, string>;
  /** Lines that were written to the journal. */
  readonly journal: readonly string[];
  /** What the haproxy was told of its servers, by `backend/server`: the short id of the container there. */
  readonly told: Map<string, { readonly host: string; readonly state: 'ready' | 'drain' | 'maint' }>;
  plan(desired: DesiredState, request?: Partial<PlanRequest>): Promise<Plan>;
  /** Walks a plan to its end, or to where `stop` cuts it off. */
  walk(
    plan: Plan,
    desired: DesiredState,
    stop?: AbortSignal,
    secrets?: readonly string[],
  ): Promise<readonly ExecutionEvent[]>;
  apply(
    desired: DesiredState,
    request?: Partial<PlanRequest>,
    stop?: AbortSignal,
    secrets?: readonly string[],
  ): Promise<readonly ExecutionEvent[]>;
}

/** What a test watches: `before` sees each call, and may throw instead of letting it happen. */
export interface WorldOptions {
  readonly behaviour?: BehaviourOf;
  readonly before?: (call: EngineCall) => void;
  /** Each session with the agent. */
  readonly onOpen?: () => void;
  /** The configuration of a container called `haproxy`; absent: none is read. */
  readonly haproxy?: string;
  /** What everybody answers whom the agent asks; 200 without it. */
  readonly status?: () => number;
  /** What can be pulled. */
  readonly registry?: NonNullable<MemoryEngineOptions['registry']>;
}

/** Knows every image of `references`. */
export function world(references: readonly string[], options: WorldOptions = {}): World {
  const clock = virtualClock();
  const links = new Map<string, string>();
  const journal: string[] = [];
  let applies = 0;
  const told: World['told'] = new Map();
  const engine = memoryEngine({
    clock,
    images: Object.fromEntries([...references, plainRequest.agentImage].map((r) => [r, {}])),
    ...options,
    behaviour: (config, run) => {
      const bound = boundPath(config);
      if (bound !== null) links.set(bound.path, bound.socket);
      return options.behaviour?.(config, run) ?? {};
    },
    paths: ({ labels: own }, seen) => {
      const path = own[labels.role] === 'agent' ? seen : seen.replace('/run/socks', SOCKS);
      const found = links.get(path);
      if (found === undefined) return null;
      return found.startsWith('@')
        ? { kind: 'socket', target: null }
        : { kind: 'symlink', target: `${path.slice(0, path.lastIndexOf('/'))}/${found}` };
    },
  });
  /** A socket that was kept is in its place again, if a server still listens there: if no other has bound it. */
  const handBack = async (path: string): Promise<null> => {
    const directory = path.slice(0, path.lastIndexOf('/'));
    const kept = [...links].find(([name, to]) => to.startsWith('@') && name.startsWith(`${directory}/.`));
    if (kept !== undefined && links.get(path)?.startsWith('@') !== true) links.set(path, kept[1]);
    return null;
  };
  const session: AgentSession = {
    probe: () => Promise.resolve({ ok: true, status: options.status?.() ?? 200, ms: 1 }),
    publish: async (directory, link, to) => {
      options.before?.({ method: 'exec', args: [], line: `publish ${directory}/${link} → ${to}` });
      // What is held goes to the server that has bound the name.
      if (link === to) return handBack(`${directory}/${link}`);
      links.set(`${directory}/${link}`, to);
      return null;
    },
    hold: async (directory, link, { as }) => {
      options.before?.({ method: 'exec', args: [], line: `hold ${directory}/${link}` });
      links.set(`${directory}/${link}`, as);
    },
    keep: async (directory, name, as) => {
      options.before?.({ method: 'exec', args: [], line: `keep ${directory}/${name} as ${as}` });
      const socket = links.get(`${directory}/${name}`);
      if (socket?.startsWith('@') === true) links.set(`${directory}/${as}`, socket);
    },
    restore: async (directory, name, from) => {
      options.before?.({ method: 'exec', args: [], line: `restore ${directory}/${name} from ${from}` });
      const kept = links.get(`${directory}/${from}`);
      if (kept !== undefined) links.set(`${directory}/${name}`, kept);
      else if (links.get(`${directory}/${name}`)?.startsWith('.') === true)
        links.delete(`${directory}/${name}`);
      links.delete(`${directory}/${from}`);
    },
    unlink: async (directory, name) => {
      options.before?.({ method: 'exec', args: [], line: `unlink ${directory}/${name}` });
      links.delete(`${directory}/${name}`);
    },
    drain: async ({ name, path }) => {
      options.before?.({ method: 'exec', args: [], line: `drain ${path}` });
      const directory = path.slice(0, path.lastIndexOf('/'));
      const leading = [...links].find(([link, to]) => to === name && link.startsWith(`${directory}/`));
      if (leading !== undefined) throw new AgentError(`${leading[0]} still leads to ${name}`);
      await clock.sleep(250);
      return { kind: 'drained', ms: 250, most: 0 };
    },
    arrivals: async ({ name, count }) => {
      options.before?.({ method: 'exec', args: [], line: `arrivals ${name}` });
      return { seen: count, ms: 10 };
    },
    journal: async (lines) => {
      options.before?.({ method: 'exec', args: [], line: `journal ${lines.length}` });
      journal.push(...lines);
    },
    revision: () => Promise.resolve(revisions(journal.join('\n'))),
    drainPorts: async ({ ports }) => {
      options.before?.({ method: 'exec', args: [], line: `drain ports ${ports.join(' ')}` });
      return { kind: 'drained', ms: 250, most: 0 };
    },
    listeners: async (ports) => {
      options.before?.({ method: 'exec', args: [], line: `listeners ${ports.join(' ')}` });
      const running = await engine.listContainers([`${labels.role}=instance`]);
      // Every generation that runs has a socket of its own, on each port that anybody asks of.
      const inodes = running.flatMap(({ id, state }) => (state === 'running' ? [inodeOf(id)] : []));
      return { listening: ports.flatMap((port) => inodes.map((inode) => ({ port, inode }))), migrates: true };
    },
    point: async ({ socket, servers, host, ready }) => {
      options.before?.({ method: 'exec', args: [], line: `point ${servers.join(' ')} at ${socket}` });
      if (
        !(await engine.listContainers([])).some(({ id, state }) => id.startsWith(host) && state === 'running')
      )
        throw new AgentError(`the address of ${host} cannot be looked up`);
      for (const server of servers)
        told.set(server, { host, state: ready ? 'ready' : (told.get(server)?.state ?? 'ready') });
      return { missing: [], unresolved: [], down: [], ms: 1 };
    },
    leave: async ({ socket, servers, state }) => {
      options.before?.({ method: 'exec', args: [], line: `${state} ${servers.join(' ')} at ${socket}` });
      for (const server of servers) told.set(server, { host: told.get(server)?.host ?? '', state });
      return { missing: [], unresolved: [], down: [], ms: 1 };
    },
    close: () => {},
  };
  const agents: AgentConnector = {
    open: async () => {
      options.onOpen?.();
      return session;
    },
  };

  const withImages = async (desired: DesiredState): Promise<DesiredState> => ({
    ...desired,
    containers: await Promise.all(
      desired.containers.map(async (container) => {
        const found = await engine.inspectImage(container.image.reference);
        return { ...container, image: { ...container.image, id: found?.id ?? null } };
      }),
    ),
  });
  const self: World = {
    engine,
    clock,
    links,
    journal,
    told,
    async plan(desired, request = {}) {
      const observed = await observe(engine, STACK, []);
      const text = options.haproxy;
      const balancers = new Map(
        text === undefined
          ? []
          : runningBalancers(observed).map(({ container: { id } }) => [id, configText(text)] as const),
      );
      const result = reconcile(
        await withImages(desired),
        { ...observed, balancers },
        {
          ...plainRequest,
          ...request,
        },
      );
      if (!result.ok) throw new Error(result.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
      return result.value;
    },
    async walk(plan, desired, stop, secrets) {
      const collect = async () => {
        const events: ExecutionEvent[] = [];
        const how = {
          desired: await withImages(desired),
          engine,
          agents,
          buildAgent: () => Promise.resolve(),
          auth: () => Promise.resolve(null),
          clock,
          journal: journalOptions(`a${(applies += 1)}`, secrets),
          ...(stop === undefined ? {} : { stop }),
        };
        for await (const event of execute(plan, how)) events.push(event);
        return events;
      };
      return clock.run(collect());
    },
    async apply(desired, request, stop, secrets) {
      return self.walk(await self.plan(desired, request), desired, stop, secrets);
    },
  };
  return self;
}

/** Of an apply in memory. */
function journalOptions(applyId: string, secrets: readonly string[] = []): JournalOptions {
  const begin = {
    command: 'apply',
    user: 'anna',
    host: 'here',
    program: '1.2.3',
    file: null,
    git: null,
  } as const;
  return { applyId, agent: null, begin, secrets };
}

/** The newest in a journal. */
function revisions(text: string): number {
  return revisionsOf(readRecords(text)).at(-1)?.revision ?? 0;
}

/** Instances that somebody serves right now: `app0`, … of containers that run and are current or not yet let go. */
export async function serving(engine: MemoryEngine): Promise<ReadonlySet<string>> {
  const rows = await engine.listContainers([`${labels.stack}=${STACK}`]);
  return new Set(
    rows
      .filter((row) => row.state === 'running' && ['current', 'old'].includes(phaseOf(row.name)))
      .flatMap((row) => row.labels[labels.instance] ?? []),
  );
}

function inodeOf(id: string): number {
  return Number.parseInt(id.slice(0, 12), 16);
}

function configText(text: string): BalancerText {
  return { kind: 'read', main: ['/haproxy.cfg'], files: new Map([['/haproxy.cfg', text]]) };
}

/** The volume of all sockets, as the agent sees it. */
const SOCKS = '/stackc/v/shop-socks-run';

/** Where an instance that cannot be told another path binds its socket; null for every other container. */
function boundPath({ labels: own, env }: ContainerConfig): { path: string; socket: string } | null {
  const spec = own[labels.role] === 'instance' ? specOf(own) : null;
  if (spec === null || spec.socket === null || env.some((pair) => pair.startsWith('LISTEN='))) return null;
  const name = spec.socket.slice(spec.socket.lastIndexOf('/') + 1);
  const generation = `${STACK}-${own[labels.instance]}.${own[labels.generation]}`;
  return { path: `${SOCKS}/${name}`, socket: `@${generation}` };
}
