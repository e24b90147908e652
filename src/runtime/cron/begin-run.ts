import type { Run } from '../../compiler/cron/fold.ts';
import { partsOf, type JobKey } from '../../compiler/cron/job.ts';
import { isOfRuns } from '../../compiler/cron/places.ts';
import { jobFrom } from '../../compiler/cron/read-job.ts';
import { labels } from '../../compiler/labels.ts';
import { jobRunName } from '../../compiler/names.ts';
import { EngineError, type ContainerDetails, type OwnedFile } from '../engine.ts';
import { maskSecrets } from '../mask-secrets.ts';
import { parseJson, specOf } from '../parse-spec.ts';
import { isPassing, wordsOf } from './outage.ts';
import { runLabels, type JobTemplate } from './templates.ts';
import type { RunWorld } from './world.ts';

const AGAIN_MS = 50;

/** A run that has a number; `dueMs` is null for one that somebody asked for. */
export type JobRun = Pick<Run, 'run' | 'dueMs' | 'beganMs' | 'isStarted'> & { readonly job: JobKey };

/** What became of the start of a run. */
export type Begun =
  /** `timeoutMs`: how long it may last; null: as long as it takes. */
  | {
      readonly kind: 'started';
      readonly id: string;
      readonly startedMs: number;
      readonly timeoutMs: number | null;
    }
  | { readonly kind: 'not-started'; readonly why: string }
  /** It was started before, and somebody has removed its container. */
  | { readonly kind: 'gone' };

/**
 * Creates and starts the container of a run, once, whatever was done of that before and whoever was killed:
 *
 *     look ─ there, and has been started ─────────────────────────────────→ started
 *      │  └─ there, not started: removed unless it starts just now ─ look
 *      ├─ not there, and has been started before ────────────────────────→ gone
 *      └─ not there ─ clone (the name is taken: look) ─ files ─ start ────→ started
 *
 * `isFresh`: nobody can have made it yet. Rejects when the agent ends.
 */
export async function beginRun(world: RunWorld, run: JobRun, isFresh: boolean): Promise<Begun> {
  const { outage, stop } = world;
  let isNew = isFresh;
  const name = runName(world, run);
  for (let tries = 0; ; tries += 1) {
    // Whatever is in its way takes a moment to go: a removal, a start.
    if (tries > 0) await world.clock.sleep(AGAIN_MS, stop);
    const found = isNew ? null : await outage.outlast(stop, () => world.engine.findContainer(name));
    if (found !== null) {
      if (found.labels[labels.jobRun] !== String(run.run))
        return { kind: 'not-started', why: `somebody else's container is called \`${name}\`` };
      if (found.startedAt !== '') return startedOf(found);
      if (!(await removeUnstarted(world, found.id))) continue;
    }
    if (run.isStarted) return { kind: 'gone' };
    const template = world.templateOf(run.job);
    if (template === undefined) return { kind: 'not-started', why: 'its container is no more in the stack' };
    const tried = await attempt(world, run, name, template);
    if (tried !== 'again') return tried;
    isNew = false;
  }
}

/** The name of a run's container. */
function runName({ stack }: RunWorld, { job, run }: JobRun): string {
  const [application, container] = partsOf(job);
  return jobRunName(stack, application, container, run);
}

async function attempt(
  world: RunWorld,
  { run }: JobRun,
  name: string,
  template: JobTemplate,
): Promise<Begun | 'again'> {
  const { engine, outage, stop } = world;
  let id: string | null = null;
  try {
    id = await engine.cloneContainer(template.id, { name, labels: runLabels(template, run) });
    await copyFiles(world, template, id);
    await engine.startContainer(id);
    const { timeoutMs } = template.spec;
    return { kind: 'started', id, startedMs: world.clock.wallMs(), timeoutMs };
  } catch (error) {
    stop.throwIfAborted();
    if (isPassing(error)) {
      outage.begin(error);
      // Until it answers: whatever it asks is asked again.
      await outage.outlast(stop, () => world.engine.inspectContainer(template.id));
      return 'again';
    }
    if (id === null && error instanceof EngineError && error.kind === 'conflict') return 'again';
    if (error instanceof EngineError && error.kind === 'not-found') {
      // A deploy has put another in its place.
      await outage.outlast(stop, () => world.look());
      if (world.templateOf(template.job)?.id !== template.id) return 'again';
    }
    const why = await maskedWords(world, template, error);
    if (id !== null) await removeUnstarted(world, id);
    return { kind: 'not-started', why };
  }
}

/** What lies in the template's own layer and a run needs, by the label that says it. */
async function copyFiles({ engine, clock }: RunWorld, template: JobTemplate, id: string): Promise<void> {
  // What is for the agent alone stays where it is.
  const places = (specOf(template.labels)?.files ?? []).filter(isOfRuns);
  if (places.length === 0) return;
  const files: OwnedFile[] = [];
  for (const { path } of places) {
    const found = await engine.fetchFile(template.id, path);
    if (found?.kind !== 'file')
      throw new EngineError('not-found', `read ${path}`, `\`${path}\` is not in its template`, 404);
    files.push({ ...found, path });
  }
  await engine.putFiles(id, files, Math.floor(clock.wallMs() / 1000));
}

/** False: it has been started meanwhile. */
async function removeUnstarted({ engine, outage, stop }: RunWorld, id: string): Promise<boolean> {
  try {
    await outage.outlast(stop, () => engine.removeContainer(id, { volumes: true, force: false }));
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'conflict') return false;
    throw error;
  }
}

function startedOf({ id, startedAt, labels: own }: ContainerDetails): Begun {
  const spec = jobFrom(parseJson(own[labels.job]));
  return { kind: 'started', id, startedMs: Date.parse(startedAt), timeoutMs: spec?.timeoutMs ?? null };
}

/** The engine repeats what it was given: nothing of the environment may be written down. */
async function maskedWords({ engine }: RunWorld, template: JobTemplate, error: unknown): Promise<string> {
  const details = await engine.inspectContainer(template.id).catch(() => null);
  const values = (details?.env ?? []).map((pair) => pair.slice(pair.indexOf('=') + 1));
  return maskSecrets(values, null)(wordsOf(error));
}
