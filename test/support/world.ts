import { labels } from '../../src/compiler/labels.ts';
import { runningBalancers, type BalancerText } from '../../src/compiler/balancer/running.ts';
import type { DesiredState } from '../../src/compiler/desired/desired-state.ts';
import type { ObservedState } from '../../src/compiler/observed/observed-state.ts';
import type { Plan, PlanRequest } from '../../src/compiler/plan/plan.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { foreignContainers } from '../../src/runtime/adopt/foreign-containers.ts';
import { takeIn } from '../../src/runtime/adopt/take-in.ts';
import type { AgentConnector, AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { execute } from '../../src/runtime/execute.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import { Lease } from '../../src/agent/lease.ts';
import type { HookWorld } from '../../src/runtime/hooks/run-hook.ts';
import type { LeaseOptions } from '../../src/runtime/lease/apply-lease.ts';
import type { JournalOptions } from '../../src/runtime/journal/apply-journal.ts';
import { specOf } from '../../src/runtime/parse-spec.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { observe, phaseOf } from '../../src/runtime/observe.ts';
import { plainRequest, STACK } from './desired.ts';
import type { BehaviourOf } from './memory/behaviour.ts';
import { memoryAgentSession, type Told } from './memory-agent-session.ts';
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
  /** Of its agent. */
  readonly lease: Lease;
  /** Lines that were written to the journal. */
  readonly journal: readonly string[];
  /** What the haproxy was told of its servers, by `backend/server`: the short id of the container there. */
  readonly told: Told;
  plan(desired: DesiredState, request?: Partial<PlanRequest>): Promise<Plan>;
  /** Walks a plan to its end, or to where `stop` cuts it off. */
  walk(
    plan: Plan,
    desired: DesiredState,
    stop?: AbortSignal,
    secrets?: readonly string[],
    observedAtMs?: number,
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
  /** Where hooks are run. */
  readonly hooks?: HookWorld;
}

/** Knows every image of `references`. */
export function world(references: readonly string[], options: WorldOptions = {}): World {
  const clock = virtualClock();
  const links = new Map<string, string>();
  const journal: string[] = [];
  let applies = 0;
  const lease = new Lease(() => clock.now());
  const told: World['told'] = new Map();
  const engine = memoryEngine({
    clock,
    images: Object.fromEntries([...references, plainRequest.agentImage].map((r) => [r, {}])),
    ...options,
    behaviour: (config, run) => {
      const bound = boundPath(config);
      if (bound !== null) links.set(bound.path, bound.socket);
      // A container of ours that tells the packet filter something.
      if (config.entrypoint?.[0] === 'nft') return { exitAfterMs: 1 };
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
  const session = memoryAgentSession({
    engine,
    clock,
    links,
    journal,
    told,
    lease,
    probe: () => Promise.resolve({ ok: true, status: options.status?.() ?? 200, ms: 1 }),
    onCall: (line) => options.before?.({ method: 'exec', args: [], line }),
  });
  const agents: AgentConnector = {
    open: async () => {
      options.onOpen?.();
      const own: AgentSession = {
        ...session,
        lease: async (request) => lease.take(request, own),
        close: () => lease.leave(own),
      };
      return own;
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
    lease,
    told,
    async plan(desired, request = {}) {
      const observed = await observedFor(engine, desired, request);
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
    async walk(plan, desired, stop, secrets, observedAtMs = clock.now()) {
      const collect = async () => {
        const events: ExecutionEvent[] = [];
        const how = {
          desired: await withImages(desired),
          engine,
          agents,
          buildAgent: () => Promise.resolve(),
          auth: () => Promise.resolve(null),
          clock,
          lease: leaseOptions(`a${applies + 1}`, observedAtMs),
          journal: journalOptions(`a${(applies += 1)}`),
          ...(options.hooks === undefined ? {} : { hooks: options.hooks }),
          ...(secrets === undefined ? {} : { secrets }),
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

/** With what is to be adopted, where that is asked for. */
async function observedFor(
  engine: MemoryEngine,
  desired: DesiredState,
  { adopt = false }: Partial<PlanRequest>,
): Promise<ObservedState> {
  // Networks of others are there.
  const networks = desired.containers.flatMap(({ template }) => template.spec.networks);
  for (const network of networks) await engine.createNetwork(network, {});
  const observed = await observe(engine, STACK, networks);
  if (!adopt) return observed;
  const foreign = await foreignContainers(engine, observed, desired);
  const inputs = { images: {}, env: {}, secrets: {}, host: null, dataMounts: {}, files: {}, builds: {} };
  return (await takeIn(engine, desired, { ...observed, foreign }, inputs)).observed;
}

/** Of an apply in memory. */
export function journalOptions(applyId: string): JournalOptions {
  const begin = {
    command: 'apply',
    of: null,
    user: 'anna',
    host: 'here',
    program: '1.2.3',
    file: null,
    git: null,
  } as const;
  return { applyId, agent: null, begin };
}

/** Of an apply whose plan was made just now. */
function leaseOptions(id: string, observedAtMs: number): LeaseOptions {
  const request = {
    id,
    user: 'anna',
    host: 'here',
    mark: '',
    command: 'apply',
    since: '2026-01-01T00:00:00.000Z',
  } as const;
  return { request, agent: `${STACK}-agent`, observedAtMs, timeoutMs: 0, onWait: () => undefined };
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
