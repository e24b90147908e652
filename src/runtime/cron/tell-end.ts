import type { Run, RunEnd } from '../../compiler/cron/fold.ts';
import type { JobKey } from '../../compiler/cron/job.ts';
import type { ContainerDetails } from '../engine.ts';
import { deliver, knock } from '../notify/deliver.ts';
import { jobMessage, type JobTold } from '../notify/job-message.ts';
import { readJobFile } from './job-file.ts';
import { wordsOf } from './outage.ts';
import type { JobTemplate } from './templates.ts';
import type { RunWorld } from './world.ts';

/** So many lines of a run's end are told. */
const TOLD_LINES = 20;
const TOLD_CHARACTERS = 3000;

/** A run that is over, as somebody is told of it. */
export interface OverRun extends Pick<Run, 'run' | 'dueMs' | 'by' | 'beganMs' | 'image'> {
  readonly job: JobKey;
  readonly end: RunEnd;
  /** The last of what it has written. */
  readonly log: string;
}

/**
 * Tells whoever wants to know what came of a run: the heartbeat's address is asked for after a success, everybody of `on_failure` is
 * told of what is none. What cannot be told is a line of the agent's log; it never rejects, unless the agent ends.
 */
export async function tellEnd(world: RunWorld, over: OverRun): Promise<void> {
  const { engine, outage, stop, clock, note } = world;
  try {
    const found = await standing(world, over.job);
    if (found === null) return;
    const { template, details } = found;
    const { heartbeat, onFailure } = await outage.outlast(stop, () => readJobFile(engine, template.id));
    const of = `${over.job} ${over.run}`;
    if (over.end.result === 'succeeded') {
      const why = heartbeat === null ? null : await knock(heartbeat, clock, stop);
      if (why !== null) note(`${of}: its heartbeat does not arrive: ${why}`);
      return;
    }
    if (onFailure.length === 0) return;
    const told = toldOf(world, template, over);
    const variable = variablesOf(details);
    await Promise.all(
      onFailure.map(async (to) => {
        const why = await deliver(jobMessage(to, told, variable), clock, stop);
        note(why === null ? `${of}: ${to.kind} is told` : `${of}: ${to.kind} could not be told: ${why}`);
      }),
    );
  } catch (error) {
    stop.throwIfAborted();
    note(`${over.job} ${over.run}: nobody can be told: ${wordsOf(error)}`);
  }
}

/** The template that is there now, which says who is told: a deploy may have replaced the one that was looked up last. */
async function standing(
  world: RunWorld,
  job: JobKey,
): Promise<{ readonly template: JobTemplate; readonly details: ContainerDetails } | null> {
  const { engine, outage, stop } = world;
  for (let before: string | null = null; ; ) {
    const template = world.templateOf(job);
    if (template === undefined || template.id === before) return null;
    const details = await outage.outlast(stop, () => engine.inspectContainer(template.id));
    if (details !== null) return { template, details };
    before = template.id;
    await outage.outlast(stop, () => world.look());
  }
}

function variablesOf({ env }: ContainerDetails): (name: string) => string | null {
  const own = new Map(env.map((pair) => [pair.slice(0, pair.indexOf('=')), pair]));
  return (name) => own.get(name)?.slice(name.length + 1) ?? null;
}

function toldOf({ stack }: RunWorld, { application, container }: JobTemplate, over: OverRun): JobTold {
  const { run, dueMs, by, beganMs, image, end, log } = over;
  return {
    event: 'job-failure',
    stack,
    application,
    container,
    run,
    result: end.result,
    exit_code: end.exitCode,
    why: end.why,
    due_at: dueMs === null || by !== null ? null : iso(dueMs),
    began_at: iso(beganMs),
    finished_at: iso(end.atMs),
    took_ms: Math.round(end.tookMs),
    image,
    log: log.trimEnd().split('\n').slice(-TOLD_LINES).join('\n').slice(-TOLD_CHARACTERS),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
