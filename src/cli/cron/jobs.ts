import { foldCron, type JobState } from '../../compiler/cron/fold.ts';
import { partsOf, type JobKey, type JobSpec } from '../../compiler/cron/job.ts';
import { readCronRecords } from '../../compiler/cron/lines.ts';
import { labels } from '../../compiler/labels.ts';
import { CRON_FILE } from '../../compiler/cron/places.ts';
import type { ContainerState } from '../../compiler/observed/observed-state.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import { jobOf, templatesAmong } from '../../runtime/cron/templates.ts';
import { specOf } from '../../runtime/parse-spec.ts';
import { whyIdle } from '../idle-agent.ts';

/** A run that has a container. */
export interface LiveRun {
  readonly container: string;
  readonly run: number;
  /** Whether it is made, and not started yet: it has nothing to show. */
  readonly isNew: boolean;
  /** Whether it has ended, and is not written down yet. */
  readonly isOver: boolean;
  /** Of one that is over, and under way by the record; null for every other, and for one that is gone since. */
  readonly exitCode: number | null;
  /** The same, in milliseconds since the epoch. */
  readonly endedMs: number | null;
}

/** A `deploy: cron` container, as the engine and the record of jobs tell it. */
export interface Job {
  readonly key: JobKey;
  readonly application: string;
  readonly container: string;
  /** By its template; null: its template is gone, or another version wrote it. */
  readonly spec: JobSpec | null;
  /** Of the template; null: there is none, empty: another version made it. */
  readonly image: string | null;
  /** Null: nothing is written down of it. */
  readonly state: JobState | null;
  readonly live: readonly LiveRun[];
  /** Whether the agent runs that starts it, follows its runs and writes their ends down. */
  readonly isFollowed: boolean;
}

/** The jobs of a stack. */
export interface StackJobs {
  /** By key. */
  readonly jobs: readonly Job[];
  /** The container that starts them; null: there is none. */
  readonly agent: { readonly name: string; readonly state: ContainerState } | null;
  /** Id of a container of the agent's, out of which the engine reads what is kept of runs; null: there is none. */
  readonly reader: string | null;
}

/** Looks at a stack's jobs: by one list call, one read of what is written down, and a look at each run whose end is not. Rejects with `EngineError`. */
export async function findJobs(engine: Engine, stack: string): Promise<StackJobs> {
  return jobsAmong(engine, stack, await engine.listContainers([`${labels.stack}=${stack}`]));
}

/** The same, of containers that are listed already. */
export async function jobsAmong(
  engine: Pick<Engine, 'fetchFile' | 'inspectContainer'>,
  stack: string,
  rows: readonly ContainerSummary[],
): Promise<StackJobs> {
  const ofRole = (role: string) => rows.filter((row) => row.labels[labels.role] === role);
  const agents = ofRole('agent');
  const own = agents.find(({ name }) => name === agentName(stack, 'engine'));
  const reader = own ?? agents[0];
  const [templates, runs] = [ofRole('template'), ofRole('job')];
  const isAny = templates.length > 0 || runs.length > 0 || own !== undefined;
  const states: ReadonlyMap<JobKey, JobState> =
    isAny && reader !== undefined ? await statesIn(engine, reader.id) : new Map();
  const live = await Promise.all(runs.map((row) => liveRun(engine, row, states.get(jobOf(row)))));
  const { byJob, unreadable } = templatesAmong(templates, () => true);
  const keys = new Set([
    ...[...templates, ...runs].map(jobOf),
    ...[...states.values()].flatMap(({ job, scheduled }) => (scheduled === null ? [] : [job])),
  ]);
  const jobs = [...keys].sort().map((key): Job => {
    const template = byJob.get(key);
    const [application, container] = partsOf(key);
    const unread = unreadable.includes(key) ? '' : null;
    return {
      key,
      application,
      container,
      spec: template?.spec ?? null,
      image: template === undefined ? unread : (specOf(template.labels)?.image ?? template.image),
      state: states.get(key) ?? null,
      live: runs
        .flatMap((row, at) => (jobOf(row) === key ? (live[at] ?? []) : []))
        .sort((one, other) => one.run - other.run),
      isFollowed: own?.state === 'running',
    };
  });
  const agent = own === undefined ? null : { name: own.name, state: own.state };
  return { jobs, agent, reader: reader?.id ?? null };
}

async function liveRun(
  engine: Pick<Engine, 'inspectContainer'>,
  { id, state, labels: own }: ContainerSummary,
  known: JobState | undefined,
): Promise<LiveRun> {
  const run = Number(own[labels.jobRun]);
  const isOver = state === 'exited' || state === 'dead';
  const isUntold = known?.underWay.some((one) => one.run === run) === true;
  const found = isOver && isUntold ? await engine.inspectContainer(id) : null;
  const endedMs = Date.parse(found?.endedAt ?? '') || null;
  return {
    container: id,
    run,
    isNew: state === 'created',
    isOver,
    exitCode: found?.exitCode ?? null,
    endedMs,
  };
}

/** Jobs stand still where the agent that starts them does; null: it runs, or there are none. */
export function whyNoJobs(stack: string, jobs: StackJobs): string | null {
  const others = { heals: false, scales: false, metrics: false };
  return whyIdle(stack, jobs, { jobs: jobs.jobs.length > 0, ...others });
}

/** What is written down of a stack's jobs, out of a container of its agent. Rejects with `EngineError`. */
export async function statesIn(
  engine: Pick<Engine, 'fetchFile'>,
  agent: string,
): Promise<ReadonlyMap<JobKey, JobState>> {
  const found = await engine.fetchFile(agent, CRON_FILE);
  if (found?.kind !== 'file') return new Map();
  return foldCron(readCronRecords(new TextDecoder().decode(found.content)));
}
