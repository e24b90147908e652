import { nextOccurrence } from '../compiler/cron/calendar.ts';
import { rosterOf } from '../compiler/heal/roster.ts';
import { labels } from '../compiler/labels.ts';
import type { ContainerState } from '../compiler/observed/observed-state.ts';
import { PLANES, type AgentMetrics, type AgentSpec } from '../compiler/plan/agent-spec.ts';
import { placesOf } from '../compiler/plan/metrics-places.ts';
import { agentName } from '../compiler/reconcile/agents.ts';
import { follows } from '../compiler/scale/spec-counts.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { unreachable } from '../compiler/unreachable.ts';
import type { ContainerSummary, Engine } from '../runtime/engine.ts';
import { isRecord, parseJson } from '../runtime/parse-spec.ts';
import { within } from '../runtime/within.ts';
import { metricsOf, unservedMetrics, type Unserved } from './agent-metrics.ts';
import type { StackJobs } from './cron/jobs.ts';
import { holderOf } from './last-apply.ts';
import { holderWords } from './render/holder.ts';
import { listed, minute, plural } from './render/text.ts';

/** All that is shown of an agent is worth more than knowing who is at the stack. */
const HOLDER_MS = 5_000;

/** One agent of a stack, as an operator wants to know it. */
export interface AgentRow {
  readonly name: string;
  /** Null: nobody asks it. */
  readonly plane: AgentSpec['plane'] | null;
  readonly state: ContainerState;
  /** In the engine's words: `Up 3 minutes`. */
  readonly status: string;
  /** ISO 8601; null when it never started. */
  readonly startedAt: string | null;
  /** By its restart policy, since somebody started it. */
  readonly restarts: number;
  readonly image: string;
  /** Whether it is this version's. */
  readonly current: boolean;
  /** What it is there for, in words. */
  readonly tasks: readonly string[];
  /** What goes on or comes next, in words. */
  readonly now: readonly string[];
}

/** What agents are asked about. */
export interface AgentFacts {
  readonly engine: Engine;
  readonly stack: string;
  /** Null without a file. */
  readonly spec: StackSpec | null;
  readonly agents: readonly ContainerSummary[];
  readonly jobs: StackJobs;
  /** This version's image. */
  readonly tag: string;
  readonly nowMs: number;
}

/** The agents of a stack: an inspect of each, and who holds the lock. Rejects with `EngineError`. */
export async function agentRows(facts: AgentFacts): Promise<readonly AgentRow[]> {
  const { engine, stack, agents, tag } = facts;
  return Promise.all(
    agents.map(async (agent): Promise<AgentRow> => {
      const { id, name, state, status, image } = agent;
      const plane = PLANES.find((one) => agentName(stack, one) === name) ?? null;
      const [details, unserved, now] = await Promise.all([
        engine.inspectContainer(id),
        unservedMetrics(engine, agent),
        state === 'running' && plane !== null ? nowOf(plane, facts) : [],
      ]);
      return {
        name,
        plane,
        state,
        status,
        startedAt: details?.startedAt || null,
        restarts: details?.restartCount ?? 0,
        image,
        current: image === tag,
        tasks: plane === null ? [] : tasksOf(plane, agent, unserved, facts),
        now,
      };
    }),
  );
}

function tasksOf(
  plane: AgentSpec['plane'],
  agent: ContainerSummary,
  unserved: Unserved,
  facts: AgentFacts,
): readonly string[] {
  switch (plane) {
    case 'stack': {
      const volumes = volumesOf(agent);
      return [
        'keeps the journal and the lock',
        'asks whether instances are ready',
        ...(volumes === 0 ? [] : [`publishes sockets in ${plural(volumes, 'volume')}`]),
      ];
    }
    case 'host':
      return ['asks whether instances in the network of the host are ready'];
    case 'engine':
      return engineTasks(agent, unserved, facts);
    default:
      return unreachable(plane);
  }
}

function engineTasks(
  agent: ContainerSummary,
  unserved: Unserved,
  { jobs, spec }: AgentFacts,
): readonly string[] {
  const metrics = metricsOf(agent);
  const healed = spec === null ? null : rosterOf(spec, 0, []).instances.length;
  const containers = spec?.applications.flatMap((application) => application.containers) ?? [];
  const scaled = containers.filter(({ scale }) => follows(scale)).length;
  const starts = jobs.jobs.length === 0 ? [] : [`starts ${plural(jobs.jobs.length, 'job')}`];
  const heals = healed === null ? ['heals what does not say `heal: false`'] : [];
  return [
    ...starts,
    // Without the file nobody knows of one that would be there for metrics alone.
    ...(healed === null && metrics !== null && starts.length === 0 ? [] : heals),
    ...(healed === null || healed === 0 ? [] : [`heals ${plural(healed, 'instance')}`]),
    ...(scaled === 0 ? [] : [`scales ${plural(scaled, 'container')}`]),
    ...(metrics === null ? [] : servingWords(metrics, unserved)),
  ];
}

function servingWords(metrics: AgentMetrics, unserved: Unserved): readonly string[] {
  const places = placesOf(metrics);
  const served = places.filter((at) => !unserved.has(at)).map((at) => `\`${at}\``);
  return [
    ...(served.length === 0 ? [] : [`serves metrics at ${served.join(' and ')}`]),
    ...places.flatMap((at) => {
      const why = unserved.get(at);
      return why === undefined ? [] : [`cannot serve metrics at \`${at}\`: ${why}`];
    }),
  ];
}

async function nowOf(plane: AgentSpec['plane'], facts: AgentFacts): Promise<readonly string[]> {
  const { engine, stack, jobs, nowMs } = facts;
  if (plane === 'host') return [];
  if (plane === 'stack') {
    const holder = await within(HOLDER_MS, holderOf(engine, agentName(stack, plane)), () => null);
    return holder === null ? [] : [`the lock: ${holderWords(holder)}`];
  }
  const running = jobs.jobs.flatMap(({ container, state }) =>
    (state?.underWay ?? []).map(({ run }) => `${container} ${run}`),
  );
  const queued = jobs.jobs.reduce((all, { state }) => all + (state?.queue.length ?? 0), 0);
  const next = jobs.jobs
    .flatMap(({ container, spec, state }) => {
      const atMs = spec === null || state?.paused ? null : nextOccurrence(spec, nowMs);
      return atMs === null ? [] : [{ container, atMs }];
    })
    .sort((a, b) => a.atMs - b.atMs)[0];
  return [
    ...(running.length === 0 ? [] : [`runs ${listed(running, 'and')}`]),
    ...(queued === 0 ? [] : [`${plural(queued, 'run')} wait for another to end`]),
    ...(next === undefined ? [] : [`next: ${next.container} at ${minute(next.atMs)} UTC`]),
  ];
}

function volumesOf({ labels: own }: ContainerSummary): number {
  const spec = parseJson(own[labels.spec]);
  const volumes = isRecord(spec) ? spec['volumes'] : null;
  return Array.isArray(volumes) ? volumes.length : 0;
}
