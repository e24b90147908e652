import { candidates, certain } from '../../compiler/adopt/candidates.ts';
import { adoptedMounts, withDataVolumes } from '../../compiler/adopt/data-volumes.ts';
import { generationZero, servedPath } from '../../compiler/adopt/generation-zero.ts';
import type { DesiredInstance, DesiredState } from '../../compiler/desired/desired-state.ts';
import type { ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import { adoptionName } from '../../compiler/names.ts';
import type { ObservedContainer, ObservedState } from '../../compiler/observed/observed-state.ts';
import { EngineError, type ContainerDetails, type Engine } from '../engine.ts';
import { adoptedContainer, byInstance } from '../observe.ts';

/** A plan is worth more than a look that takes longer. */
const LIMIT_MS = 1000;

/** The engine as it will be seen when the containers that are to be adopted are a part of the stack. */
export interface TakenIn {
  readonly observed: ObservedState;
  /** With the volumes that they have; the very same where they have none besides. */
  readonly inputs: ResolvedInputs;
}

/**
 * Takes what was started outside of the stack for generation 0 of its instances: an inspect for each, and a look at the path where
 * it serves. Rejects with `EngineError`.
 */
export async function takeIn(
  engine: Pick<Engine, 'inspectContainer' | 'statPath'>,
  desired: DesiredState,
  observed: ObservedState,
  inputs: ResolvedInputs,
): Promise<TakenIn> {
  const meant = certain(candidates(desired, observed));
  const leaving = new Set<string>();
  const found = await Promise.all(
    meant.map(async ({ one, container, instance }) => {
      const details = await engine.inspectContainer(one.id);
      if (details === null) return [];
      if (details.autoRemove) {
        leaving.add(one.id);
        return [];
      }
      const { application, name } = container;
      const identity = { application, container: name, instance: instance.name };
      const spec = generationZero(instance, details, await isServing(engine, instance, details));
      return [adoptedContainer(details, identity, spec)];
    }),
  );
  const foreign = observed.foreign.map((one) => (leaving.has(one.id) ? { ...one, autoRemove: true } : one));
  const adopted = found.flat();
  const [first] = adopted;
  if (first === undefined) return { observed: { ...observed, foreign }, inputs };
  const mounts = adoptedMounts(desired, adopted, observed);
  const named = mounts === null ? adopted : withDataVolumes(adopted, mounts);
  return {
    observed: withAdopted({ ...observed, foreign }, named, adoptionName(desired.stack, first.id)),
    inputs: mounts === null ? inputs : { ...inputs, dataMounts: merged(inputs.dataMounts, mounts) },
  };
}

function withAdopted(
  observed: ObservedState,
  adopted: readonly ObservedContainer[],
  engineName: string,
): ObservedState {
  const names = new Set(adopted.map((one) => one.engineName));
  const containers = adopted.map(({ id }) => id);
  return {
    ...observed,
    containers: [...observed.containers, ...adopted].sort(byInstance),
    foreignNames: observed.foreignNames.filter((name) => !names.has(name)),
    foreignPorts: observed.foreignPorts.filter(({ container }) => !names.has(container)),
    adoptions: [...observed.adoptions, { engineName, isRecorded: false, containers }],
  };
}

/** Whether it has bound the instance's published socket itself. */
async function isServing(
  engine: Pick<Engine, 'statPath'>,
  instance: DesiredInstance,
  details: ContainerDetails,
): Promise<boolean> {
  const path = servedPath(instance, details);
  if (path === null) return false;
  try {
    return (await engine.statPath(details.id, path, LIMIT_MS))?.kind === 'socket';
  } catch (error) {
    // Nobody knows: to look after a socket that is not there would be worse than to leave one be.
    if (error instanceof EngineError) return false;
    throw error;
  }
}

function merged(
  known: ResolvedInputs['dataMounts'],
  more: ResolvedInputs['dataMounts'],
): ResolvedInputs['dataMounts'] {
  const both = Object.entries(more).map(
    ([volume, mounts]) =>
      [volume, { ...(Object.hasOwn(known, volume) ? known[volume] : {}), ...mounts }] as const,
  );
  return { ...known, ...Object.fromEntries(both) };
}
