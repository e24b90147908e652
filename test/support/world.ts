import { labels } from '../../src/compiler/labels.ts';
import type { DesiredState } from '../../src/compiler/desired/desired-state.ts';
import type { Plan, PlanRequest } from '../../src/compiler/plan/plan.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { AgentError, type AgentConnector, type AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { execute } from '../../src/runtime/execute.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
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
  /** `directory/link` → file name. */
  readonly links: Map<string, string>;
  plan(desired: DesiredState, request?: Partial<PlanRequest>): Promise<Plan>;
  /** Walks a plan to its end, or to where `stop` cuts it off. */
  walk(plan: Plan, desired: DesiredState, stop?: AbortSignal): Promise<readonly ExecutionEvent[]>;
  apply(
    desired: DesiredState,
    request?: Partial<PlanRequest>,
    stop?: AbortSignal,
  ): Promise<readonly ExecutionEvent[]>;
}

/** What a test watches: `before` sees each call, and may throw instead of letting it happen. */
export interface WorldOptions {
  readonly behaviour?: BehaviourOf;
  readonly before?: (call: EngineCall) => void;
  /** What can be pulled. */
  readonly registry?: NonNullable<MemoryEngineOptions['registry']>;
}

/** Knows every image of `references`. */
export function world(references: readonly string[], options: WorldOptions = {}): World {
  const clock = virtualClock();
  const engine = memoryEngine({
    clock,
    images: Object.fromEntries([...references, plainRequest.agentImage].map((r) => [r, {}])),
    ...options,
  });
  const links = new Map<string, string>();
  const session: AgentSession = {
    probe: () => Promise.resolve({ ok: true, status: 200, ms: 1 }),
    publish: async (directory, link, to) => {
      options.before?.({ method: 'exec', args: [], line: `publish ${directory}/${link} → ${to}` });
      links.set(`${directory}/${link}`, to);
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
      return { kind: 'drained', ms: 250, most: 0 };
    },
    close: () => {},
  };
  const agents: AgentConnector = { open: () => Promise.resolve(session) };

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
    async plan(desired, request = {}) {
      const result = reconcile(await withImages(desired), await observe(engine, STACK, []), {
        ...plainRequest,
        ...request,
      });
      if (!result.ok) throw new Error(result.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
      return result.value;
    },
    async walk(plan, desired, stop) {
      const collect = async () => {
        const events: ExecutionEvent[] = [];
        const how = {
          desired: await withImages(desired),
          engine,
          agents,
          buildAgent: () => Promise.resolve(),
          auth: () => Promise.resolve(null),
          clock,
          ...(stop === undefined ? {} : { stop }),
        };
        for await (const event of execute(plan, how)) events.push(event);
        return events;
      };
      return clock.run(collect());
    },
    async apply(desired, request, stop) {
      return self.walk(await self.plan(desired, request), desired, stop);
    },
  };
  return self;
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
