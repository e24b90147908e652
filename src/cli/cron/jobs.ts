import { jobFrom } from '../../compiler/cron/read-job.ts';
import { foldCron, type JobState } from '../../compiler/cron/fold.ts';
import type { JobKey, JobSpec } from '../../compiler/cron/job.ts';
import { readCronRecords } from '../../compiler/cron/lines.ts';
import { labels } from '../../compiler/labels.ts';
import { CRON_FILE } from '../../compiler/cron/places.ts';
import type { ContainerState } from '../../compiler/observed/observed-state.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import { parseJson, specOf } from '../../runtime/parse-spec.ts';

/** A run that has a container. */
export interface LiveRun {
  readonly container: string;
  readonly run: number;
  /** Whether it has ended, and is not written down yet. */
  readonly isOver: boolean;
}

/** A `deploy: cron` container, as the engine and the record of jobs tell it. */
export interface Job {
  readonly key: JobKey;
  readonly application: string;
  readonly container: string;
  /** By its template; null: its template is gone, or another version wrote it. */
  readonly spec: JobSpec | null;
  /** Of the template; null: there is none. */
  readonly image: string | null;
  /** Null: nothing is written down of it. */
  readonly state: JobState | null;
  readonly live: readonly LiveRun[];
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

/** Looks at a stack's jobs: by one list call, and one read of what is written down. Rejects with `EngineError`. */
export async function findJobs(engine: Engine, stack: string): Promise<StackJobs> {
  return jobsAmong(engine, stack, await engine.listContainers([`${labels.stack}=${stack}`]));
}

/** The same, of containers that are listed already. */
export async function jobsAmong(
  engine: Pick<Engine, 'fetchFile'>,
  stack: string,
  rows: readonly ContainerSummary[],
): Promise<StackJobs> {
  const agents = rows.filter((row) => row.labels[labels.role] === 'agent');
  const own = agents.find(({ name }) => name === agentName(stack, 'engine'));
  const reader = own ?? agents[0];
  const templates = rows.filter((row) => row.labels[labels.role] === 'template');
  const runs = rows.filter((row) => row.labels[labels.role] === 'job');
  const isAny = templates.length > 0 || runs.length > 0 || own !== undefined;
  const states = isAny && reader !== undefined ? await statesIn(engine, reader.id) : new Map();
  const keys = new Set([
    ...[...templates, ...runs].map(keyOf),
    ...[...states.values()].flatMap(({ job, scheduled }) => (scheduled === null ? [] : [job])),
  ]);
  return {
    jobs: [...keys].sort().map((key) => {
      // One that is about to take the place of another is not it yet.
      const [template] = templates
        .filter((row) => keyOf(row) === key)
        .sort((a, b) => a.name.length - b.name.length);
      const [application = '', container = ''] = splitKey(key);
      return {
        key,
        application,
        container,
        spec: template === undefined ? null : jobFrom(parseJson(template.labels[labels.job])),
        image: template === undefined ? null : (specOf(template.labels)?.image ?? template.image),
        state: states.get(key) ?? null,
        live: runs
          .filter((row) => keyOf(row) === key)
          .map((row) => ({
            container: row.id,
            run: Number(row.labels[labels.jobRun]),
            isOver: row.state === 'exited' || row.state === 'dead',
          }))
          .sort((a, b) => a.run - b.run),
      };
    }),
    agent: own === undefined ? null : { name: own.name, state: own.state },
    reader: reader?.id ?? null,
  };
}

/** Jobs stand still where the agent that starts them does; null: it runs, or there are none. */
export function whyNoJobs(stack: string, { jobs, agent }: StackJobs): string | null {
  if (jobs.length === 0 || agent?.state === 'running') return null;
  const { name, state } = agent ?? { name: agentName(stack, 'engine'), state: 'gone' };
  return `no job runs: the agent that starts them, \`${name}\`, is ${state}; \`stack apply\` brings it back`;
}

function keyOf({ labels: own }: ContainerSummary): JobKey {
  return `${own[labels.application] ?? ''}/${own[labels.container] ?? ''}`;
}

/** An application's name may hold a slash, a container's cannot. */
function splitKey(key: JobKey): readonly [string, string] {
  const at = key.lastIndexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}

async function statesIn(
  engine: Pick<Engine, 'fetchFile'>,
  agent: string,
): Promise<ReadonlyMap<JobKey, JobState>> {
  const found = await engine.fetchFile(agent, CRON_FILE);
  if (found?.kind !== 'file') return new Map();
  return foldCron(readCronRecords(new TextDecoder().decode(found.content)));
}
