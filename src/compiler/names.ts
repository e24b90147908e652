import { slug } from './spec/values/slug.ts';

/**
 * `shop`, or `shop-blog` for an application whose slug is not the stack's name: the start of every name on an engine.
 * Takes the application as written (`my blog` gives `shop-my-blog`).
 */
export function baseName(stack: string, application: string): string {
  const own = slug(application);
  return own === stack ? stack : `${stack}-${own}`;
}

/** The name of an instance's current generation: `shop-app0`. */
export function instanceEngineName(stack: string, application: string, instance: string): string {
  return `${baseName(stack, application)}-${instance}`;
}

/** The base of an instance's engine name, which its application's network is called by: `shop-blog` of `shop-blog-app0`. */
export function baseOfInstance(engineName: string, instance: string): string {
  return engineName.slice(0, -`-${instance}`.length);
}

/** The name of a generation that is not current: `shop-app0.3.next`. */
export function generationName(
  engineName: string,
  generation: number,
  phase: 'next' | 'old' | 'failed',
): string {
  return `${engineName}.${generation}.${phase}`;
}

/** The volume of a stack's journal. Every other volume's name goes on with `-` after the stack's. */
export function journalVolume(stack: string): string {
  return `${stack}.journal`;
}

/** The container that holds what a revision was made from; `begun` until its apply has come to its end. */
export function revisionName(stack: string, revision: number, phase: 'begun' | 'kept'): string {
  return `${stack}.revision.${revision}${phase === 'begun' ? '.begun' : ''}`;
}

/** The container that keeps an image of an earlier revision from being removed. */
export function imageKeeperName(stack: string, imageId: string): string {
  return `${stack}.image.${imageId.replace(/^sha256:/, '').slice(0, 12)}`;
}

/** The container that never runs and says which containers were adopted together; `first` is the id of one of them. */
export function adoptionName(stack: string, first: string): string {
  return `${stack}.adopted.${first.slice(0, 12)}`;
}

/** The container in which an apply goes on by itself. */
export function workerName(stack: string): string {
  return `${stack}.apply`;
}

/** The container of a job's run: `shop-backup.run.17`. Unique, so that the engine refuses to make the same run twice. */
export function jobRunName(stack: string, application: string, container: string, run: number): string {
  return `${instanceEngineName(stack, application, container)}.run.${run}`;
}

/** The container that never runs, from which the runs of a job are made: `shop-backup.template`. */
export function templateName(stack: string, application: string, container: string): string {
  return `${instanceEngineName(stack, application, container)}.template`;
}
