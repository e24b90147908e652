import type { ContainerKey, DesiredState } from '../compiler/desired/desired-state.ts';
import { madeTemplates } from '../compiler/journal/made-templates.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import { foreignContainers } from '../runtime/adopt/foreign-containers.ts';
import type { Engine } from '../runtime/engine.ts';
import { journalReader } from '../runtime/journal/fetch-journal.ts';
import { foreignNames } from '../runtime/observe-names.ts';
import { foreignPorts } from '../runtime/observe-ports.ts';

/** What others made, and what somebody has removed, is known by name only once the file is resolved. */
export async function withForeign(
  engine: Engine,
  observed: ObservedState,
  desired: DesiredState,
): Promise<ObservedState> {
  // They ask for the same list, if at all.
  let rows: ReturnType<Engine['listContainers']> | null = null;
  const once = { listContainers: () => (rows ??= engine.listContainers([])) };
  const [networks, volumes, ports, names, foreign, lost] = await Promise.all([
    foreignNetworks(engine, observed, desired),
    foreignVolumes(engine, observed, desired),
    foreignPorts(once, observed, desired),
    foreignNames(once, observed, desired),
    foreignContainers(once, observed, desired),
    lostTemplates(engine, observed, desired),
  ]);
  return {
    ...observed,
    networks: [...observed.networks, ...networks].sort(),
    foreignVolumes: volumes,
    foreignPorts: ports,
    foreignNames: names,
    foreign,
    lostTemplates: lost,
  };
}

/** Before a first apply of a job, and after somebody has removed its template. */
async function lostTemplates(
  engine: Engine,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly ContainerKey[]> {
  const there = new Set(
    observed.templates.map(({ application, container }) => `${application}/${container}`),
  );
  const lacking = desired.containers.flatMap(({ job, key }) => (job === null || there.has(key) ? [] : [key]));
  if (lacking.length === 0 || observed.agents.length === 0) return [];
  const records = await journalReader(engine, observed.agents)();
  return records === null ? [] : [...madeTemplates(records, lacking)];
}

/** Asked only where the stack's own are not all there: before a first apply, and where another tool made one. */
async function foreignVolumes(
  engine: Engine,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly string[]> {
  const known = new Set(observed.volumes.map(({ name }) => name));
  const lacking = desired.volumes.filter(({ name, adopted }) => !adopted && !known.has(name));
  if (lacking.length === 0) return [];
  const present = new Set((await engine.listVolumes([])).map(({ name }) => name));
  return lacking
    .map(({ name }) => name)
    .filter((name) => present.has(name))
    .sort();
}

/** Mostly there are none. */
async function foreignNetworks(
  engine: Engine,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly string[]> {
  const known = new Set(observed.networks);
  const asked = new Set<string>();
  for (const container of desired.containers) {
    for (const instance of container.instances) {
      for (const name of instance.spec.networks) if (!known.has(name)) asked.add(name);
    }
  }
  const found = await Promise.all(
    [...asked].map(async (name) => ((await engine.inspectNetwork(name)) === null ? [] : [name])),
  );
  return found.flat();
}
