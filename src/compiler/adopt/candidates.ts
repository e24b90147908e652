import type { DesiredContainer, DesiredInstance, DesiredState } from '../desired/desired-state.ts';
import type { ForeignContainer, ObservedState } from '../observed/observed-state.ts';

/** An instance that the stack has not, and who was started outside of it and might be it. */
export interface Candidates {
  readonly container: DesiredContainer;
  readonly instance: DesiredInstance;
  /** Sorted by name; more than one: nobody can tell which is meant. */
  readonly found: readonly ForeignContainer[];
  /** Nothing but the name of its service speaks for it, and that is one that many a Compose project has. */
  readonly isDoubtful: boolean;
}

/**
 * Who may become generation 0 of the instances that the stack has not: the one that `adopt` names; without it, whatever is called
 * like the instance (`app0`), or as its container will be (`shop-app0`), and the container of that number (`app`, 1) of a service
 * of Docker Compose. Instances that nobody may become are left out.
 */
export function candidates(desired: DesiredState, observed: ObservedState): readonly Candidates[] {
  if (observed.foreign.length === 0) return [];
  const had = new Set(
    observed.containers
      .filter(({ role, phase }) => role === 'instance' && phase !== 'failed')
      .map(({ key }) => key),
  );
  const all = desired.containers
    .filter(({ mode }) => mode !== 'cron')
    .flatMap((container) =>
      container.instances
        .filter(({ key }) => !had.has(key))
        .map((instance) => ({
          container,
          instance,
          found: observed.foreign.filter((one) => isMeant(one, container, instance)).sort(byName),
        })),
    )
    .filter(({ found }) => found.length > 0);
  const projects = new Set(
    all.flatMap(({ container, instance, found }) => others(found, container, instance, desired)),
  );
  const isOne = projects.size === 1 && had.size === 0;
  return all.map((one) => ({
    ...one,
    isDoubtful: !isOne && others(one.found, one.container, one.instance, desired).length > 0,
  }));
}

/** The Compose projects, not called like the stack or the application, of which the service alone is called like the container. */
function others(
  found: readonly ForeignContainer[],
  { application }: DesiredContainer,
  { adopt, name, engineName }: DesiredInstance,
  { stack }: Pick<DesiredState, 'stack'>,
): readonly string[] {
  if (adopt !== null) return [];
  return found
    .filter((one) => one.name !== name && one.name !== engineName)
    .flatMap(({ compose }) => compose?.project ?? [])
    .filter((project) => plain(project) !== plain(stack) && plain(project) !== plain(application));
}

/** Compose has left other characters away in its time. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Whether nobody can start it again behind the back of the stack, or has it already, and it is still there once it is stopped. */
export function isAdoptable({ stack, swarm, autoRemove }: ForeignContainer): boolean {
  return stack === null && swarm === null && autoRemove !== true;
}

/** Those of {@link candidates} that are what is meant beyond doubt. */
export function certain(
  all: readonly Candidates[],
): readonly (Candidates & { readonly one: ForeignContainer })[] {
  const wanted = claims(all);
  return all.flatMap((candidate) => {
    const [one, other] = candidate.found;
    const isSure =
      !candidate.isDoubtful && one !== undefined && other === undefined && wanted.get(one.id)?.length === 1;
    return isSure && isAdoptable(one) ? [{ ...candidate, one }] : [];
  });
}

/** Which instances might be each of them, by its id. */
export function claims(all: readonly Candidates[]): ReadonlyMap<string, readonly Candidates[]> {
  const wanted = new Map<string, Candidates[]>();
  for (const candidate of all)
    for (const { id } of candidate.found) wanted.set(id, [...(wanted.get(id) ?? []), candidate]);
  return wanted;
}

function isMeant(
  one: ForeignContainer,
  { name: container }: DesiredContainer,
  { adopt, name, engineName, index }: DesiredInstance,
): boolean {
  if (adopt !== null) return adopt.includes(one.name);
  // One of another stack that has its name by accident is a name that is taken.
  if (one.stack !== null) return false;
  if (one.name === name || one.name === engineName) return true;
  return one.compose?.service === container && one.compose.number === index + 1;
}

function byName(a: ForeignContainer, b: ForeignContainer): number {
  return a.name < b.name ? -1 : 1;
}
